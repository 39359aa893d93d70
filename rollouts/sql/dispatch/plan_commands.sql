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
    {waits}
), planned AS (
    SELECT unnest(guids) AS guid FROM rollouts_command
     WHERE rollout_id = %(rollout_id)s AND status = 1 AND kind IN (1, 2)
), due AS (
    SELECT target.guid, target.region, target.batch_id,
           CASE target.state WHEN 20 THEN 1 ELSE 2 END AS kind,
           CASE target.state WHEN 20 THEN way.distribute_room ELSE way.activate_room END AS room,
           CASE WHEN target.state = 40 AND target.effective_at > %(now)s THEN target.effective_at END AS execute_at,
           row_number() OVER (PARTITION BY target.region, target.state
                                  ORDER BY (target.effective_at AT TIME ZONE 'UTC')::date,
                                           hashint8extended(target.guid, %(seed)s)) AS place
      FROM rollouts_target AS target
      JOIN way ON way.region = target.region
      LEFT JOIN pause ON pause.code = target.code
     WHERE target.rollout_id = %(rollout_id)s
       AND (   target.state = 20 AND way.distribute_room > 0 AND target.batch_id = ANY(%(distribute_batches)s)
               AND (target.consent = 4 OR target.import_answer = 1 OR target.gas_answer = 1
                    OR target.effective_at < way.default_through)
            OR target.state = 40 AND way.activate_room > 0 AND target.batch_id = ANY(%(activate_batches)s)
               AND target.consent >= 4 AND target.effective_at <= way.lead_until)
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
SELECT %(rollout_id)s, kind, 1, region, array_agg(guid), count(*), %(cpl_entry_id)s, execute_at, %(now)s, %(now)s, 0, ''
  FROM kept
 GROUP BY kind, region, batch_id, execute_at, part
 ORDER BY kind, execute_at, part, region
RETURNING kind, region, hub_count
