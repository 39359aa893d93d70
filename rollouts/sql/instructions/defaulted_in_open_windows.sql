-- Count, from the tallies, the unsettled hubs that have defaulted although the window of their batch is open.
SELECT coalesce(sum(n), 0)::bigint AS hubs
  FROM rollouts_tally_plan
 WHERE rollout_id = %(rollout_id)s AND batch_id = ANY(%(batch_ids)s::integer[])
   AND consent = {Consent.DEFAULTED} AND stage < {SETTLED}
