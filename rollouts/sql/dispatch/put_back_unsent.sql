-- Take hubs whose answer is awaited again out of the commands that were to bring them the image, where these have
-- surely not left, and put them back. A command that is being sent at this moment is left alone: its image is on its way.
WITH awaited AS (
    SELECT target.guid, target.command_id
      FROM rollouts_target AS target
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = ANY(%(guids)s)
       AND target.state = {TargetState.DISTRIBUTING} AND target.consent < {Consent.COMPLETE}
), unsent AS (
    SELECT command.id, command.guids
      FROM rollouts_command AS command
     WHERE command.id IN (SELECT command_id FROM awaited)
       AND command.kind = {CommandKind.DISTRIBUTE} AND command.status = {CommandStatus.CLAIMED}
       AND command.left_at IS NULL
     ORDER BY command.id
       FOR NO KEY UPDATE SKIP LOCKED
), moved AS (
    UPDATE rollouts_target AS target
       SET state = {TargetState.ELIGIBLE}, state_at = %(now)s, command_id = NULL,
           attempts = greatest(target.attempts - 1, 0)
      FROM awaited
      JOIN unsent ON unsent.id = awaited.command_id
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = awaited.guid
    RETURNING target.guid
), grounded AS (
    DELETE FROM rollouts_hub_in_flight
     WHERE rollout_id = %(rollout_id)s AND guid = ANY(ARRAY(SELECT guid FROM moved))
), left_over AS (
    SELECT unsent.id, coalesce(array_agg(asked.guid) FILTER (WHERE moved.guid IS NULL), '{}') AS guids
      FROM unsent
     CROSS JOIN LATERAL unnest(unsent.guids) AS asked (guid)
      LEFT JOIN moved ON moved.guid = asked.guid
     GROUP BY unsent.id
), shrunk AS (
    UPDATE rollouts_command AS command
       SET guids = left_over.guids, hub_count = cardinality(left_over.guids),
           status = CASE WHEN cardinality(left_over.guids) = 0 THEN {CommandStatus.DROPPED} ELSE command.status END
      FROM left_over
     WHERE command.id = left_over.id
)
SELECT count(*)::int AS hubs FROM moved
