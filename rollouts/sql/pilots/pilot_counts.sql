-- Count the hubs of a pilot by region, version before, state and failure code, as one party sees them.
SELECT t.region, coalesce(e.firmware_version, '') AS version, t.state, t.code, count(*) AS hubs
  FROM (SELECT DISTINCT guid FROM rollouts_pilotmember WHERE rollout_id = %(rollout_id)s) AS m
  JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = m.guid
  LEFT JOIN rollouts_cplentry AS e ON e.id = t.from_cpl_entry_id
 WHERE t.batch_id = %(batch_id)s
   AND (%(party)s::integer IS NULL OR t.import_supplier_id = %(party)s OR t.gas_supplier_id = %(party)s)
   AND (%(party)s::integer IS NULL
        OR EXISTS (SELECT FROM rollouts_hub AS h
                    WHERE h.guid = t.guid AND (h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s)))
   AND (%(regions)s::integer[] IS NULL OR t.region = ANY(%(regions)s::integer[]))
 GROUP BY 1, 2, 3, 4
