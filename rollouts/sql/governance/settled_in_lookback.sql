-- How many hubs of a rollout, or of one of its batches, settled since a moment, by how they ended.
SELECT state, code, sum(n)::bigint AS hubs
  FROM rollouts_settled
 WHERE rollout_id = %(rollout_id)s AND at > %(since)s
   AND (%(batch_id)s::integer IS NULL OR batch_id = %(batch_id)s)
 GROUP BY state, code
HAVING sum(n) <> 0
