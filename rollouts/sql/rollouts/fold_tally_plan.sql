-- Fold the rows of a rollout's plan tally into one row a key, as fold_tally_state does.
WITH taken AS (
    DELETE FROM rollouts_tally_plan WHERE rollout_id = %(rollout_id)s
    RETURNING rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day,
              stage, n
)
INSERT INTO rollouts_tally_plan
       (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage, n)
SELECT rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage,
       sum(n)
  FROM taken
 GROUP BY rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage
HAVING sum(n) <> 0
