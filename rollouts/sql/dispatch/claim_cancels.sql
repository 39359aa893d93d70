-- Claim a ready cancel: keep the hubs whose activation still lies ahead, and mark them as being cancelled.
WITH command AS (
    SELECT id, guids FROM rollouts_command
     WHERE id = %(command_id)s AND status = {CommandStatus.READY}
       FOR NO KEY UPDATE
), member AS (
    SELECT target.guid
      FROM rollouts_target AS target
      JOIN (SELECT unnest(guids) AS guid FROM command) AS asked ON asked.guid = target.guid
      JOIN rollouts_command AS activation ON activation.id = target.command_id
     WHERE target.rollout_id = %(rollout_id)s AND target.state = {TargetState.ACTIVATING}
       AND activation.execute_at > %(now)s
     ORDER BY target.guid
       FOR NO KEY UPDATE OF target
), moved AS (
    UPDATE rollouts_target AS target
       SET state = {TargetState.CANCELLING}, state_at = %(now)s, command_id = %(command_id)s
      FROM member
     WHERE target.rollout_id = %(rollout_id)s AND target.guid = member.guid
    RETURNING target.guid
), left_over AS (
    SELECT coalesce(array_agg(guid), '{}') AS guids, count(*)::int AS hubs FROM moved
)
UPDATE rollouts_command AS claimed
   SET status = {CommandStatus.CLAIMED}, claimed_at = %(now)s, next_try_at = NULL,
       guids = left_over.guids, hub_count = left_over.hubs
  FROM command, left_over
 WHERE claimed.id = command.id
RETURNING claimed.hub_count
