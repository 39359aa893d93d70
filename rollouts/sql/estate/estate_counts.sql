-- Count an estate from its tally: one Supplier's own hubs by its role, those of some regions, or all.
SELECT d.manufacturer, d.model, tally.device_model_id, e.firmware_version, tally.cpl_entry_id, tally.region,
       tally.smi_status, tally.role, tally.is_split, tally.n
  FROM (SELECT device_model_id, cpl_entry_id, region, smi_status,
               CASE WHEN %(party)s::int IS NULL THEN ''
                    WHEN import_supplier_id = gas_supplier_id THEN 'BOTH'
                    WHEN import_supplier_id = %(party)s THEN 'IMPORT' ELSE 'GAS' END AS role,
               import_supplier_id <> gas_supplier_id AND import_supplier_id > 0 AND gas_supplier_id > 0 AS is_split,
               sum(n)::bigint AS n
          FROM rollouts_estate_tally
         WHERE (%(party)s::int IS NULL OR import_supplier_id = %(party)s OR gas_supplier_id = %(party)s)
           AND (%(served)s::int[] IS NULL OR region = ANY(%(served)s))
         GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(n) <> 0) AS tally
  JOIN rollouts_devicemodel AS d ON d.id = tally.device_model_id
  JOIN rollouts_cplentry AS e ON e.id = tally.cpl_entry_id
 ORDER BY d.manufacturer, d.model, e.firmware_version, tally.region, tally.smi_status
