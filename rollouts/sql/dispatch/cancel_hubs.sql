-- Make cancels for those of the hubs named that hold an activation dated ahead. A hub in a cancel that waits
-- already, or whose cancel has failed is left as it is.
WITH held AS (
    SELECT target.guid, target.region, activation.execute_at, target.command_id
      FROM rollouts_target AS target
      JOIN rollouts_command AS activation ON activation.id = target.command_id
     WHERE target.rollout_id = %(rollout_id)s
       AND target.state = {TargetState.ACTIVATING} AND target.code <> {FailureCode.CANCEL_FAILED}
       AND activation.execute_at > %(now)s
       AND target.guid = ANY(%(guids)s::bigint[])
       AND NOT EXISTS (SELECT FROM (SELECT unnest(guids) AS guid FROM rollouts_command
                                     WHERE rollout_id = %(rollout_id)s AND status = {CommandStatus.READY}
                                       AND kind = {CommandKind.CANCEL}) AS asked
                        WHERE asked.guid = target.guid)
), parted AS (
    SELECT guid, region, execute_at,
           (row_number() OVER (PARTITION BY region, execute_at ORDER BY command_id) - 1) / %(size)s AS part
      FROM held
)
INSERT INTO rollouts_command (rollout_id, kind, status, region, guids, hub_count, cpl_entry_id, execute_at, due_at,
                              created_at, attempts, problem)
SELECT %(rollout_id)s, {CommandKind.CANCEL}, {CommandStatus.READY}, region, array_agg(guid), count(*), %(cpl_entry_id)s,
       execute_at, %(now)s, %(now)s, 0, ''
  FROM parted
 GROUP BY region, execute_at, part
 ORDER BY execute_at, part, region
RETURNING hub_count
