-- Name the halted rollouts with something a halt should have held back or recalled: `is_unfinished` where commands
-- wait or were claimed, or hubs were left behind by an end; else where activations may lie ahead on hubs, and no
-- cancel for them waits yet.
SELECT id, status_at, is_unfinished, may_recall
  FROM (SELECT rollout.id, rollout.status_at,
               EXISTS (SELECT FROM rollouts_command AS command
                        WHERE command.rollout_id = rollout.id AND command.status IN (1, 2) AND command.kind IN (1, 2))
               OR rollout.status IN ('STOPPED', 'REVOKED')
                  AND coalesce((SELECT sum(n) FROM rollouts_tally_state AS tally
                                 WHERE tally.rollout_id = rollout.id AND tally.state IN (10, 20, 30, 40, 56)), 0) > 0
               AS is_unfinished,
               EXISTS (SELECT FROM rollouts_command AS command
                        WHERE command.rollout_id = rollout.id AND command.status = 3 AND command.kind IN (2, 3)
                          AND command.execute_at > %(now)s)
               AND NOT EXISTS (SELECT FROM rollouts_command AS command
                                WHERE command.rollout_id = rollout.id AND command.status = 1 AND command.kind = 3)
               AND coalesce((SELECT sum(n) FROM rollouts_tally_state AS tally
                              WHERE tally.rollout_id = rollout.id AND tally.state = 50 AND tally.code <> 45), 0) > 0
               AS may_recall
          FROM rollouts_rollout AS rollout
         WHERE rollout.status IN ('SUSPENDED', 'PAUSED', 'STOPPED', 'REVOKED')) AS halted
 WHERE is_unfinished OR may_recall
 ORDER BY id
