-- Sum, from the tallies, the unsettled hubs of some batches that have defaulted, by the Suppliers of each pair.
SELECT import_supplier_id, gas_supplier_id, sum(n)::bigint AS hubs
  FROM rollouts_tally_plan
 WHERE rollout_id = %(rollout_id)s AND batch_id = ANY(%(batch_ids)s::integer[])
   AND consent = {Consent.DEFAULTED} AND stage < {SETTLED}
 GROUP BY 1, 2
HAVING sum(n) <> 0
