-- Fold what settled more than a day ago to the minute. Sums over windows move by less than a minute, at their old end.
WITH taken AS (
    DELETE FROM rollouts_settled WHERE rollout_id = %(rollout_id)s AND at < %(before)s
    RETURNING rollout_id, batch_id, state, code, at, n
)
INSERT INTO rollouts_settled (rollout_id, batch_id, state, code, at, n)
SELECT rollout_id, batch_id, state, code, date_trunc('minute', at), sum(n)
  FROM taken
 GROUP BY 1, 2, 3, 4, 5
HAVING sum(n) <> 0
