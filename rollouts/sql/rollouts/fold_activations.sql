-- Of days that lie back, keep the last point of each: what had activated by the end of that day, local time.
WITH ordered AS (
    SELECT rollout_id, party_id, region, at,
           lead(at) OVER (PARTITION BY rollout_id, party_id, region,
                                       date_trunc('day', at - interval '1 microsecond', 'Europe/London') ORDER BY at) AS later
      FROM rollouts_activation_point
     WHERE rollout_id = ANY(%(rollouts)s) AND at <= %(before)s
)
DELETE FROM rollouts_activation_point AS p
 USING ordered AS o
 WHERE o.later IS NOT NULL
   AND (o.rollout_id, o.party_id, o.region, o.at) = (p.rollout_id, p.party_id, p.region, p.at)
