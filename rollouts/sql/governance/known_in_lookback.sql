-- How many of the failures since a moment known issues explain, by how they ended. The rows of failures are few, so
-- they are where this begins.
SELECT failure.state, failure.code, count(*)::bigint AS hubs
  FROM rollouts_failure AS failure
  JOIN rollouts_hub AS h ON h.guid = failure.guid
 WHERE failure.rollout_id = %(rollout_id)s AND failure.at > %(since)s
   AND (%(batch_id)s::integer IS NULL OR failure.batch_id = %(batch_id)s)
   AND ({known})
 GROUP BY failure.state, failure.code
