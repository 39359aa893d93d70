-- How many hubs of a rollout settled on each day, local time, by whether they run the new firmware.
SELECT (at AT TIME ZONE 'Europe/London')::date AS day,
       coalesce(sum(n) FILTER (WHERE state = {TargetState.ACTIVATED}), 0)::bigint AS activated,
       coalesce(sum(n) FILTER (WHERE state <> {TargetState.ACTIVATED}), 0)::bigint AS failed
  FROM rollouts_settled
 WHERE rollout_id = %(rollout_id)s
 GROUP BY 1
HAVING count(*) FILTER (WHERE n <> 0) > 0
 ORDER BY 1
