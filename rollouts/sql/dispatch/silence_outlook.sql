-- Name the rollouts with hubs somebody should hear of, and how many: activations sent, images sent, out of reach
-- (also where no CSP serves the region).
WITH stands AS (
    SELECT tally.rollout_id, tally.n,
           tally.state IN (50, 55) AS is_activating, tally.state = 30 AS is_distributing,
           tally.state IN (10, 20) AND (tally.code = 10 OR channel.region IS NULL)
           OR tally.state = 40 AND tally.code = 33 AS is_unreachable
      FROM rollouts_tally_state AS tally
      LEFT JOIN rollouts_cspchannel AS channel ON channel.region = tally.region
)
SELECT rollout_id,
       coalesce(sum(n) FILTER (WHERE is_activating), 0)::bigint AS activating,
       coalesce(sum(n) FILTER (WHERE is_distributing), 0)::bigint AS distributing,
       coalesce(sum(n) FILTER (WHERE is_unreachable), 0)::bigint AS unreachable
  FROM stands
 GROUP BY rollout_id
HAVING sum(n) FILTER (WHERE is_activating OR is_distributing OR is_unreachable) > 0
 ORDER BY rollout_id
