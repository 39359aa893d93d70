-- Sum a rollout's targets by batch, region and pair of Suppliers, and by state.
SELECT batch_id, region, import_supplier_id AS import_id, gas_supplier_id AS gas_id, state, sum(n)::bigint AS hubs
  FROM rollouts_tally_state
 WHERE rollout_id = %(rollout_id)s
 GROUP BY 1, 2, 3, 4, 5
HAVING sum(n) <> 0
