-- Name the rollouts with enough rows of what settled before a moment, not folded to the minute yet.
SELECT rollout_id
  FROM rollouts_settled
 WHERE at < %(before)s AND at <> date_trunc('minute', at)
 GROUP BY rollout_id HAVING count(*) > %(worth)s
