-- How many hubs of a rollout had activated by when: of all, of a Supplier, or of some regions, each of which has its own
-- points.
SELECT region::integer AS region, at, activated
  FROM rollouts_activation_point
 WHERE rollout_id = %(rollout_id)s AND party_id = coalesce(%(party)s::integer, 0)
   AND region = ANY(coalesce(%(regions)s::smallint[], '{0}'))
 ORDER BY at, region
