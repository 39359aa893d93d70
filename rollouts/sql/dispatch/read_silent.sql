-- Follow up the activations of a rollout that nobody has heard of: read the version once the first time-out has
-- passed, again after the second, and after the last reading's own time-out say so: no confirmation. Time runs from
-- the moment the hub was to activate, or was told to. Doing it again reads nothing twice. A cancel that the CSP refused
-- was never sent, and leaves the activation it was for.
WITH silent AS (
    SELECT target.guid, target.region, greatest(command.execute_at, command.sent_at) AS since
      FROM rollouts_target AS target
      JOIN rollouts_command AS command ON command.id = target.command_id
     WHERE target.rollout_id = %(rollout_id)s AND target.state IN ({ACTIVATION_SENT_STATES})
       AND (command.sent_at IS NOT NULL OR command.status = {CommandStatus.REFUSED})
       AND greatest(command.execute_at, command.sent_at) + %(first_read)s <= %(now)s
), reading AS (
    SELECT unnest(guids) AS guid, created_at,
           CASE WHEN status = {CommandStatus.REFUSED} THEN created_at ELSE sent_at END AS sent_at
      FROM rollouts_command
     WHERE rollout_id = %(rollout_id)s AND kind = {CommandKind.READ} AND requested_by_id IS NULL
       AND status <> {CommandStatus.DROPPED}
       AND created_at >= (SELECT min(since) FROM silent)
), counted AS (
    SELECT silent.guid, silent.region, silent.since, count(reading.guid) AS readings, max(reading.created_at) AS last_at,
           count(reading.sent_at) AS sent, max(reading.sent_at) AS last_sent_at
      FROM silent
      LEFT JOIN reading ON reading.guid = silent.guid AND reading.created_at >= silent.since
     GROUP BY silent.guid, silent.region, silent.since
), due AS (
    SELECT guid, region, (row_number() OVER (PARTITION BY region ORDER BY guid) - 1) / %(size)s AS part
      FROM counted
     WHERE readings = 0
        OR readings = 1 AND since + %(second_read)s <= %(now)s AND last_at + %(last_read)s <= %(now)s
), read AS (
    INSERT INTO rollouts_command (rollout_id, kind, status, region, guids, hub_count, cpl_entry_id, due_at,
                                  created_at, attempts, problem)
    SELECT %(rollout_id)s, {CommandKind.READ}, {CommandStatus.READY}, region, array_agg(guid), count(*),
           %(cpl_entry_id)s, %(now)s, %(now)s, 0, ''
      FROM due GROUP BY region, part
    RETURNING hub_count
), lost AS (
    SELECT target.guid
      FROM rollouts_target AS target
      JOIN counted ON counted.guid = target.guid
     WHERE target.rollout_id = %(rollout_id)s AND target.state IN ({ACTIVATION_SENT_STATES})
       AND counted.sent >= 2 AND counted.last_sent_at + %(last_read)s <= %(now)s
     ORDER BY target.guid
     LIMIT %(most)s
       FOR NO KEY UPDATE OF target
), given_up AS (
    UPDATE rollouts_target AS target
       SET state = {TargetState.NO_CONFIRMATION}, code = {FailureCode.NO_RESPONSE}, state_at = %(now)s
      FROM lost
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = lost.guid
    RETURNING target.guid, target.import_supplier_id AS import_id, target.gas_supplier_id AS gas_id
), told AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT guid, %(now)s, import_id, %(rollout_id)s, %(cpl_entry_id)s, {EntryKind.HUB_NO_CONFIRMATION},
           {FailureCode.NO_RESPONSE} FROM given_up
     WHERE import_id IS NOT NULL
     UNION ALL
    SELECT guid, %(now)s, gas_id, %(rollout_id)s, %(cpl_entry_id)s, {EntryKind.HUB_NO_CONFIRMATION},
           {FailureCode.NO_RESPONSE} FROM given_up
     WHERE gas_id IS NOT NULL AND gas_id IS DISTINCT FROM import_id
), landed AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY (ARRAY(SELECT guid FROM given_up))
)
SELECT coalesce((SELECT sum(hub_count) FROM read), 0)::bigint AS to_read, (SELECT count(*) FROM given_up) AS given_up
