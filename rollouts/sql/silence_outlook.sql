-- Name the rollouts with hubs somebody should hear of, and how many: activations sent, images sent, out of reach.
SELECT rollout_id,
       coalesce(sum(n) FILTER (WHERE state IN (50, 55)), 0)::bigint AS activating,
       coalesce(sum(n) FILTER (WHERE state = 30), 0)::bigint AS distributing,
       coalesce(sum(n) FILTER (WHERE state IN (10, 20) AND code = 10 OR state = 40 AND code = 33), 0)::bigint AS unreachable
  FROM rollouts_tally_state
 GROUP BY rollout_id
HAVING sum(n) FILTER (WHERE state IN (30, 50, 55) OR state IN (10, 20) AND code = 10 OR state = 40 AND code = 33) > 0
 ORDER BY rollout_id
