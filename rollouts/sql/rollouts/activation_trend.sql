-- How many hubs of some rollouts had activated by the end of each day, local time, since a moment, and by that moment
-- (whose day is NULL): of all, of a Supplier, or of some regions, each of which has its own points.
SELECT DISTINCT ON (rollout_id, region, day) rollout_id, region::integer AS region, day, activated
  FROM (SELECT rollout_id, region, at, activated,
               CASE WHEN at > %(since)s
                    THEN ((at - interval '1 microsecond') AT TIME ZONE 'Europe/London')::date END AS day
          FROM rollouts_activation_point
         WHERE rollout_id = ANY(%(rollouts)s) AND party_id = coalesce(%(party)s::integer, 0)
           AND region = ANY(%(regions)s::smallint[])) AS point
 ORDER BY rollout_id, region, day, at DESC
