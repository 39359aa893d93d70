-- Sum the plan of some batches by the Suppliers of each pair, and by consent: settled hubs left out. `sooner` are those
-- with a day before the last one.
SELECT import_supplier_id, gas_supplier_id, consent, sum(n)::bigint AS n,
       coalesce(sum(n) FILTER (WHERE effective_day < %(last_day)s), 0)::bigint AS sooner
  FROM rollouts_tally_plan
 WHERE rollout_id = %(rollout_id)s AND batch_id = ANY(%(batch_ids)s::integer[]) AND stage < {SETTLED}
 GROUP BY 1, 2, 3 HAVING sum(n) <> 0
