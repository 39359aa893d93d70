-- Count the activations of a rollout that were planned or sent for a time ahead, by the night they fall in, from noon to
-- noon local time, of all regions or some.
SELECT (execute_at AT TIME ZONE 'Europe/London' - interval '12 hours')::date AS night,
       sum(hub_count)::bigint AS hubs, min(execute_at) AS first_at, max(execute_at) AS last_at
  FROM rollouts_command
 WHERE rollout_id = %(rollout_id)s AND kind = {CommandKind.ACTIVATE} AND recalled_at IS NULL
   AND status IN ({CommandStatus.READY, CommandStatus.CLAIMED, CommandStatus.SENT})
   AND execute_at >= %(now)s
   AND (%(regions)s::smallint[] IS NULL OR region = ANY(%(regions)s::smallint[]))
 GROUP BY 1
 ORDER BY 1
 LIMIT %(most)s
