-- Turn what is due in one rollout into commands, in one scan of its targets: images for hubs whose time is settled
-- (instructed ones at once, the others once their day's distribution must begin), activations a lead ahead of
-- their time. A hub in a command that waits already, in a retry's wait, or in another rollout's hands is left out.
-- Hubs are shuffled by a seeded hash within region and day, so that no radio cell is flooded.
WITH way AS (
    SELECT *
      FROM unnest(%(regions)s::smallint[], %(distribute_rooms)s::bigint[], %(activate_rooms)s::bigint[],
                  %(default_throughs)s::timestamptz[], %(lead_untils)s::timestamptz[])
        AS way (region, distribute_room, activate_room, default_through, lead_until)
), pause (code, attempts, wait, back_to) AS (
    {RETRY_POLICIES}
), planned AS (
    SELECT unnest(guids) AS guid FROM rollouts_command
     WHERE rollout_id = %(rollout_id)s AND status = {CommandStatus.READY}
       AND kind IN ({CommandKind.DISTRIBUTE, CommandKind.ACTIVATE})
), due AS (
    SELECT target.guid, target.region, target.batch_id,
           CASE target.state WHEN {TargetState.SCHEDULED} THEN {CommandKind.DISTRIBUTE}
                             ELSE {CommandKind.ACTIVATE} END AS kind,
           CASE target.state WHEN {TargetState.SCHEDULED} THEN way.distribute_room ELSE way.activate_room END AS room,
           CASE WHEN target.state = {TargetState.DISTRIBUTED} AND target.effective_at > %(now)s
                THEN target.effective_at END AS execute_at,
           row_number() OVER (PARTITION BY target.region, target.state
                                  ORDER BY (target.effective_at AT TIME ZONE 'UTC')::date,
                                           hashint8extended(target.guid, %(seed)s)) AS place
      FROM rollouts_target AS target
      JOIN way ON way.region = target.region
      LEFT JOIN pause ON pause.code = target.code
     WHERE target.rollout_id = %(rollout_id)s
       AND (   target.state = {TargetState.SCHEDULED} AND way.distribute_room > 0
               AND target.batch_id = ANY(%(distribute_batches)s)
               AND (target.consent = {Consent.COMPLETE} OR target.import_answer = {Answer.INSTRUCTED}
                    OR target.gas_answer = {Answer.INSTRUCTED}
                    OR target.effective_at < way.default_through)
            OR target.state = {TargetState.DISTRIBUTED} AND way.activate_room > 0
               AND target.batch_id = ANY(%(activate_batches)s)
               AND target.consent >= {Consent.COMPLETE} AND target.effective_at <= way.lead_until)
       AND (pause.wait IS NULL OR target.state_at + pause.wait <= %(now)s)
       AND NOT EXISTS (SELECT FROM planned WHERE planned.guid = target.guid)
       AND NOT EXISTS (SELECT FROM rollouts_hub_in_flight AS flight
                        WHERE flight.guid = target.guid AND flight.rollout_id <> %(rollout_id)s)
), kept AS (
    SELECT guid, region, batch_id, kind, execute_at,
           (row_number() OVER (PARTITION BY region, kind, batch_id, execute_at ORDER BY place) - 1) / %(size)s AS part
      FROM due
     WHERE place <= room
)
INSERT INTO rollouts_command (rollout_id, kind, status, region, guids, hub_count, cpl_entry_id, execute_at, due_at,
                              created_at, attempts, problem)
SELECT %(rollout_id)s, kind, {CommandStatus.READY}, region, array_agg(guid), count(*), %(cpl_entry_id)s, execute_at,
       %(now)s, %(now)s, 0, ''
  FROM kept
 GROUP BY kind, region, batch_id, execute_at, part
 ORDER BY kind, execute_at, part, region
RETURNING kind, region, hub_count
