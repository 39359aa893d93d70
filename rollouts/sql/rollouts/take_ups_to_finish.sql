-- Name the running rollouts with hubs whose activation was cancelled: a resume, or an answer that crossed it, left them.
SELECT rollout.id
  FROM rollouts_rollout AS rollout
 WHERE rollout.status IN ('NOTIFIED', 'PILOT', 'PILOT_REVIEW', 'SAFE_LAUNCH')
   AND (SELECT sum(n) FROM rollouts_tally_state AS tally
         WHERE tally.rollout_id = rollout.id AND tally.state = {TargetState.CANCELLED}) > 0
 ORDER BY rollout.id
