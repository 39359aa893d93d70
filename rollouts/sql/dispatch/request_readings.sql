-- Make readings for the hubs named that the organisation answers for (all of them, for the DCC) and a CSP serves,
-- but for those whose reading for the same organisation is under way. Answers per region.
WITH asked AS (
    SELECT DISTINCT unnest(%(guids)s::bigint[]) AS guid
), own AS (
    SELECT hub.guid, hub.region
      FROM rollouts_hub AS hub
      JOIN asked ON asked.guid = hub.guid
      JOIN rollouts_cspchannel AS channel ON channel.region = hub.region
     WHERE %(is_dcc)s OR hub.import_supplier_id = %(organisation_id)s OR hub.gas_supplier_id = %(organisation_id)s
), under_way AS (
    SELECT unnest(guids) AS guid FROM rollouts_command
     WHERE kind = {CommandKind.READ} AND requested_by_id = %(organisation_id)s
       AND (status IN ({CommandStatus.READY, CommandStatus.CLAIMED})
            OR status = {CommandStatus.SENT} AND sent_at > %(recently)s)
       AND created_at > %(recently)s
), fresh AS (
    SELECT own.guid, own.region, (row_number() OVER (PARTITION BY own.region ORDER BY own.guid) - 1) / %(size)s AS part
      FROM own
     WHERE NOT EXISTS (SELECT FROM under_way WHERE under_way.guid = own.guid)
), made AS (
    INSERT INTO rollouts_command (kind, status, region, guids, hub_count, requested_by_id, due_at, created_at,
                                  attempts, problem)
    SELECT {CommandKind.READ}, {CommandStatus.READY}, region, array_agg(guid), count(*), %(organisation_id)s,
           %(now)s, %(now)s, 0, ''
      FROM fresh GROUP BY region, part
    RETURNING id, hub_count
)
SELECT (SELECT count(*) FROM own)::int AS own, coalesce((SELECT sum(hub_count) FROM made), 0)::int AS requested,
       coalesce((SELECT array_agg(id ORDER BY id) FROM made), '{}') AS command_ids
