-- How many hubs of some rollouts stand where, as one viewer may count them: all, those of one Supplier (a hub it
-- shares counts once), or those of a CSP's regions. From the tallies alone.
SELECT rollout_id, batch_id, region::integer AS region, state::integer AS state, code::integer AS code,
       sum(n)::bigint AS hubs
  FROM rollouts_tally_state
 WHERE rollout_id = ANY(%(rollouts)s)
   AND (%(party)s::integer IS NULL OR import_supplier_id = %(party)s OR gas_supplier_id = %(party)s)
   AND (%(regions)s::integer[] IS NULL OR region = ANY(%(regions)s))
 GROUP BY 1, 2, 3, 4, 5
HAVING sum(n) <> 0
