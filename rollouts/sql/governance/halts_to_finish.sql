-- Name the halted rollouts with something a halt should have held back or recalled: commands that wait or were
-- claimed, activations that lie ahead, hubs an end has left behind.
SELECT rollout.id
  FROM rollouts_rollout AS rollout
 WHERE rollout.status IN ('SUSPENDED', 'PAUSED', 'STOPPED', 'REVOKED')
   AND (   EXISTS (SELECT FROM rollouts_command AS command
                    WHERE command.rollout_id = rollout.id
                      AND command.status IN ({CommandStatus.READY, CommandStatus.CLAIMED})
                      AND command.kind IN ({CommandKind.DISTRIBUTE, CommandKind.ACTIVATE}))
        OR EXISTS (SELECT FROM rollouts_command AS command
                    WHERE command.rollout_id = rollout.id
                      AND command.status = {CommandStatus.SENT} AND command.kind = {CommandKind.ACTIVATE}
                      AND command.execute_at > %(now)s AND command.recalled_at IS NULL)
        OR rollout.status IN ('STOPPED', 'REVOKED')
           AND (SELECT sum(n) FROM rollouts_tally_state AS tally
                 WHERE tally.rollout_id = rollout.id AND tally.state IN ({CHANGEABLE_STATES})) > 0)
 ORDER BY rollout.id
