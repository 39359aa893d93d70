-- What the plan tallies hold, per rollout, region and day of activation: images still to send (of which some wait
-- for consent, some were asked for and so are due at once), and hubs that hold the image and whose time is settled.
-- `hubs` is all that is not settled.
SELECT rollout_id, region, effective_day, sum(n)::bigint AS hubs,
       coalesce(sum(n) FILTER (WHERE stage = {IMAGE_NOT_ON_HUB}), 0)::bigint AS to_send,
       coalesce(sum(n) FILTER (WHERE stage = {IMAGE_NOT_ON_HUB} AND consent < {Consent.COMPLETE}), 0)::bigint AS waiting,
       coalesce(sum(n) FILTER (WHERE stage = {IMAGE_NOT_ON_HUB} AND consent >= {Consent.COMPLETE}
                                AND (consent = {Consent.COMPLETE} OR answered > 0)), 0)::bigint AS asked,
       coalesce(sum(n) FILTER (WHERE stage = {IMAGE_ON_HUB} AND consent >= {Consent.COMPLETE}), 0)::bigint AS to_activate
  FROM rollouts_tally_plan
 WHERE rollout_id = ANY(%(rollouts)s) AND stage < {SETTLED}
 GROUP BY rollout_id, region, effective_day
HAVING sum(n) <> 0
 ORDER BY rollout_id, region, effective_day
