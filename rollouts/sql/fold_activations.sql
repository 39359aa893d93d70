-- Of days that lie back, keep the last point of each: what had activated by the end of that (UTC) day.
DELETE FROM rollouts_activation_point AS p
 USING rollouts_activation_point AS later
 WHERE p.rollout_id = ANY(%(rollouts)s) AND p.at <= %(before)s
   AND (later.rollout_id, later.party_id, later.region) = (p.rollout_id, p.party_id, p.region)
   AND later.at > p.at
   AND date_trunc('day', later.at - interval '1 microsecond', 'UTC')
     = date_trunc('day', p.at - interval '1 microsecond', 'UTC')
