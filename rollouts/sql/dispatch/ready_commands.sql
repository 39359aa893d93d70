-- How much waits to be claimed, per rollout, region and kind.
SELECT rollout_id, region, kind, count(*)::int AS commands, sum(hub_count)::bigint AS hubs
  FROM rollouts_command
 WHERE status = {CommandStatus.READY}
 GROUP BY rollout_id, region, kind
