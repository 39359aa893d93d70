-- The history of a hub and its GPF, the latest first. A Supplier learns of changes of Supplier only what it gained or
-- lost itself (its own number is 'own', every other one ''), and of readings since it has been responsible; the other
-- hub of an exchange is named to it only where that is its own as well.
WITH told AS (
    SELECT at, kind, rollout_id, old_value, new_value, evidence
      FROM rollouts_hub_history
     WHERE guid IN (%(guid)s, %(gpf_guid)s)
), since AS (
    SELECT min(at) AS at
      FROM (SELECT kind, max(at) AS at FROM told
             WHERE kind IN ({HistoryKind.IMPORT_SUPPLIER, HistoryKind.GAS_SUPPLIER}) AND new_value = %(party)s::text
             GROUP BY kind) AS gained
), strange AS (
    SELECT value
      FROM (SELECT old_value FROM told WHERE kind = {HistoryKind.EXCHANGED}
             UNION SELECT new_value FROM told WHERE kind = {HistoryKind.EXCHANGED}) AS named (value)
      JOIN rollouts_hub AS other
        ON other.guid = CASE WHEN value ~ '^([0-9A-F]{2}-){7}[0-9A-F]{2}$'
                             THEN ('x' || replace(value, '-', ''))::bit(64)::bigint # (-9223372036854775807 - 1) END
     WHERE %(party)s::integer IS NOT NULL AND other.guid <> %(guid)s AND other.import_supplier_id IS DISTINCT FROM %(party)s
       AND other.gas_supplier_id IS DISTINCT FROM %(party)s
)
SELECT at, kind, rollout_id, old_value, new_value, evidence
  FROM told WHERE %(sees_all)s
 UNION ALL
SELECT told.at, told.kind, told.rollout_id,
       CASE WHEN told.kind = {HistoryKind.EXCHANGED} AND old_value IN (SELECT value FROM strange) THEN ''
            WHEN told.kind NOT IN ({HistoryKind.IMPORT_SUPPLIER, HistoryKind.GAS_SUPPLIER}) THEN old_value
            WHEN old_value = %(party)s::text THEN 'own' ELSE '' END,
       CASE WHEN told.kind = {HistoryKind.EXCHANGED} AND new_value IN (SELECT value FROM strange) THEN ''
            WHEN told.kind NOT IN ({HistoryKind.IMPORT_SUPPLIER, HistoryKind.GAS_SUPPLIER}) THEN new_value
            WHEN new_value = %(party)s::text THEN 'own' ELSE '' END,
       ''
  FROM told CROSS JOIN since
 WHERE NOT %(sees_all)s
   AND CASE WHEN told.kind IN ({HistoryKind.IMPORT_SUPPLIER, HistoryKind.GAS_SUPPLIER})
            THEN %(party)s::text IN (old_value, new_value)
            WHEN told.kind = {HistoryKind.READ} THEN told.at >= coalesce(since.at, '-infinity')
            ELSE true END
 ORDER BY 1 DESC, 2
 LIMIT %(size)s
