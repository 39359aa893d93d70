-- Name the rollouts in safe launch that have hubs, and none that is not settled.
SELECT rollout.id
  FROM rollouts_rollout AS rollout
  JOIN rollouts_tally_plan AS tally ON tally.rollout_id = rollout.id
 WHERE rollout.status = 'SAFE_LAUNCH'
 GROUP BY rollout.id
HAVING sum(tally.n) > 0 AND coalesce(sum(tally.n) FILTER (WHERE tally.stage < {SETTLED}), 0) = 0
 ORDER BY rollout.id
