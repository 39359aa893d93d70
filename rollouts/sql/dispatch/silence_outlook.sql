-- Name the rollouts with hubs somebody should hear of, and how many: activations sent, images sent, out of reach
-- (also where no CSP serves the region).
WITH stands AS (
    SELECT tally.rollout_id, tally.n,
           tally.state IN ({ACTIVATION_SENT_STATES}) AS is_activating,
           tally.state = {TargetState.DISTRIBUTING} AS is_distributing,
           tally.state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED})
           AND (tally.code = {FailureCode.UNREACHABLE} OR channel.region IS NULL)
           OR tally.state = {TargetState.DISTRIBUTED}
              AND tally.code = {FailureCode.ACTIVATION_UNREACHABLE} AS is_unreachable
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
