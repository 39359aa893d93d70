-- Count the whole estate anew, in place of whatever its tally said. A table of its own lets several processes count.
DELETE FROM rollouts_estate_tally;
CREATE TEMPORARY TABLE rollouts_recounted ON COMMIT DROP AS
SELECT coalesce(import_supplier_id, 0) AS import_id, coalesce(gas_supplier_id, 0) AS gas_id, device_model_id,
       cpl_entry_id, region, smi_status, count(*) AS n
  FROM rollouts_hub
 GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO rollouts_estate_tally
       (import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n)
SELECT import_id, gas_id, device_model_id, cpl_entry_id, region, smi_status, n FROM rollouts_recounted
