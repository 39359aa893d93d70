-- Name the command of a region to be claimed next: cancels first, then readings, activations, images; within these
-- by the rollout's priority and then the oldest. Images wait for their hours, halted rollouts for their resuming.
SELECT command.id, command.rollout_id, command.region, command.kind, command.hub_count,
       command.execute_at, command.created_at
  FROM rollouts_command AS command
  LEFT JOIN rollouts_rollout AS rollout ON rollout.id = command.rollout_id
 WHERE command.region = %(region)s
   AND command.status = {CommandStatus.READY}
   AND command.due_at <= %(now)s
   AND (command.kind IN ({CommandKind.CANCEL, CommandKind.READ})
        OR rollout.status = ANY(%(running)s) AND command.rollout_id <> ALL(%(held)s))
   AND (command.kind <> {CommandKind.DISTRIBUTE} OR %(may_distribute)s)
 ORDER BY array_position(ARRAY[{CommandKind.CANCEL, CommandKind.READ, CommandKind.ACTIVATE,
                               CommandKind.DISTRIBUTE}]::smallint[], command.kind),
          rollout.priority, command.due_at, command.id
 LIMIT 1
