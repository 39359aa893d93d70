-- Recount the estate and compare with its tally, in one snapshot; 0 when they agree.
SELECT coalesce(sum(abs(off)), 0)::bigint AS hubs
  FROM (SELECT sum(n) AS off
          FROM (SELECT coalesce(import_supplier_id, 0) AS import_id, coalesce(gas_supplier_id, 0) AS gas_id,
                       device_model_id, cpl_entry_id, region, smi_status, count(*) AS n
                  FROM rollouts_hub GROUP BY 1, 2, 3, 4, 5, 6
                 UNION ALL
                SELECT import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, -n
                  FROM rollouts_estate_tally) AS both_sides
         GROUP BY import_id, gas_id, device_model_id, cpl_entry_id, region, smi_status) AS drift
