-- Fold the rows of a rollout's state tally into one row a key. Sums stay the same throughout:
-- a reader sees the rows before, or the rows after, and never a part of both.
WITH taken AS (
    DELETE FROM rollouts_tally_state WHERE rollout_id = %(rollout_id)s
    RETURNING rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code, n
)
INSERT INTO rollouts_tally_state
       (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code, n)
SELECT rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code, sum(n)
  FROM taken
 GROUP BY rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code
HAVING sum(n) <> 0
