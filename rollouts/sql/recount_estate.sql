-- Count the whole estate anew, in place of whatever its tally said.
DELETE FROM rollouts_estate_tally;
INSERT INTO rollouts_estate_tally
       (import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n)
SELECT coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), device_model_id, cpl_entry_id, region,
       smi_status, count(*)
  FROM rollouts_hub
 GROUP BY 1, 2, 3, 4, 5, 6
