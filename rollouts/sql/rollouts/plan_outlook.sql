-- What the tallies say of the rollouts named: per batch and region, how many hubs wait for an image (20), how many
-- hold one (40) or had their activation cancelled (56), and how many already stand in commands that wait.
SELECT rollout_id, batch_id, region,
       coalesce(sum(n) FILTER (WHERE state = {TargetState.SCHEDULED}), 0)::bigint AS scheduled,
       coalesce(sum(n) FILTER (WHERE state = {TargetState.DISTRIBUTED}), 0)::bigint AS distributed,
       coalesce(sum(n) FILTER (WHERE state = {TargetState.CANCELLED}), 0)::bigint AS cancelled
  FROM rollouts_tally_state
 WHERE rollout_id = ANY(%(rollouts)s)
 GROUP BY rollout_id, batch_id, region
