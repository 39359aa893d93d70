-- Fold the tally of the estate into one row a key. Folded rows get numbers below zero, so that what has come
-- since is found by its number. A reader sees the rows before, or the rows after.
WITH taken AS (
    DELETE FROM rollouts_estate_tally
    RETURNING import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n
)
INSERT INTO rollouts_estate_tally
       (id, import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n)
SELECT -row_number() OVER (), import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status,
       sum(n)
  FROM taken
 GROUP BY import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status
HAVING sum(n) <> 0
