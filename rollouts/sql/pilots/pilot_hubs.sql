-- The hubs of a pilot after a place, in GUID order, as one party sees them (none: as the DCC does): found through the
-- nominations, since targets have no index by batch.
-- Moments are told to a Supplier to the minute: what a second Supplier answers at once would share one microsecond.
SELECT t.guid, t.region, e.firmware_version AS version, t.state, t.code,
       CASE WHEN %(party)s::integer IS NULL THEN t.state_at ELSE date_trunc('minute', t.state_at) END AS state_at,
       t.effective_at, t.consent,
       CASE WHEN t.import_supplier_id = t.gas_supplier_id THEN 'BOTH'
            WHEN t.import_supplier_id = coalesce(%(party)s, t.import_supplier_id) THEN 'IMPORT'
            WHEN t.gas_supplier_id IS NOT NULL THEN 'GAS' ELSE '' END AS role,
       coalesce(t.import_supplier_id <> t.gas_supplier_id, false) AS is_split,
       CASE WHEN t.import_supplier_id = %(party)s OR %(party)s IS NULL AND t.import_supplier_id IS NOT NULL
            THEN t.import_answer ELSE t.gas_answer END AS answer,
       CASE WHEN t.import_supplier_id = %(party)s OR %(party)s IS NULL AND t.import_supplier_id IS NOT NULL
            THEN t.gas_answer ELSE t.import_answer END AS second_answer
  FROM (SELECT DISTINCT guid FROM rollouts_pilotmember WHERE rollout_id = %(rollout_id)s) AS m
  JOIN rollouts_target AS t ON t.rollout_id = %(rollout_id)s AND t.guid = m.guid
  LEFT JOIN rollouts_cplentry AS e ON e.id = t.from_cpl_entry_id
 WHERE t.batch_id = %(batch_id)s AND t.guid > %(after)s
   AND (%(party)s::integer IS NULL OR t.import_supplier_id = %(party)s OR t.gas_supplier_id = %(party)s)
   AND (%(party)s::integer IS NULL
        OR EXISTS (SELECT FROM rollouts_hub AS h
                    WHERE h.guid = t.guid AND (h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s)))
   AND (%(regions)s::integer[] IS NULL OR t.region = ANY(%(regions)s::integer[]))
 ORDER BY t.guid
 LIMIT %(size)s
