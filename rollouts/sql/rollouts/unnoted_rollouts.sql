-- Of some rollouts, those in which hubs have activated and of which no curve has been written yet.
SELECT t.rollout_id
  FROM rollouts_tally_state AS t
 WHERE t.rollout_id = ANY(%(rollouts)s) AND t.state = {TargetState.ACTIVATED}
   AND NOT EXISTS (SELECT FROM rollouts_activation_point AS p WHERE p.rollout_id = t.rollout_id)
 GROUP BY t.rollout_id
HAVING sum(t.n) > 0
 ORDER BY t.rollout_id
