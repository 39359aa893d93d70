-- Count, for each rollout, the safe launch hubs on which a Supplier has not answered, from the tallies.
SELECT plan.rollout_id, party.id AS party_id, sum(plan.n)::bigint AS hubs
  FROM rollouts_tally_plan AS plan
  JOIN rollouts_batch AS batch ON batch.id = plan.batch_id AND batch.kind = 'SAFE_LAUNCH'
  JOIN unnest(%(parties)s::integer[]) AS party (id)
    ON CASE WHEN plan.import_supplier_id = party.id THEN plan.answered & {SupplierRole.IMPORT} = 0
            WHEN plan.gas_supplier_id = party.id THEN plan.answered & {SupplierRole.GAS} = 0
            ELSE false END
 WHERE plan.rollout_id = ANY(%(rollouts)s::integer[]) AND plan.stage < {SETTLED}
 GROUP BY 1, 2 HAVING sum(plan.n) > 0
