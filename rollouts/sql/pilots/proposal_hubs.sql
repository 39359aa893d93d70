-- The hubs that were proposed to a Supplier and are still its own, after a place, in GUID order.
SELECT t.guid, t.region, coalesce(e.firmware_version, '') AS version,
       CASE WHEN t.import_supplier_id = t.gas_supplier_id THEN 'BOTH'
            WHEN t.import_supplier_id = %(party)s THEN 'IMPORT' ELSE 'GAS' END AS role,
       coalesce(t.import_supplier_id <> t.gas_supplier_id, false) AS is_split,
       t.batch_id = %(pilot_id)s AS is_member
  FROM rollouts_pilotmember AS m
  JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = m.guid
  JOIN rollouts_hub AS h ON h.guid = t.guid
  LEFT JOIN rollouts_cplentry AS e ON e.id = t.from_cpl_entry_id
 WHERE m.submission_id = %(submission_id)s AND m.guid > %(after)s
   AND %(party)s IN (t.import_supplier_id, t.gas_supplier_id)
   AND %(party)s IN (h.import_supplier_id, h.gas_supplier_id)
 ORDER BY m.guid
 LIMIT %(size)s
