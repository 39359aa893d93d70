-- How many targets of a rollout stand in which state, from the tallies.
SELECT state, sum(n)::bigint AS hubs
  FROM rollouts_tally_state
 WHERE rollout_id = %(rollout_id)s
 GROUP BY state
HAVING sum(n) <> 0
