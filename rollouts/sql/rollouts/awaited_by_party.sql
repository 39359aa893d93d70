-- Count the hubs that are not settled and wait for the answer of each Supplier, by batch, from the tallies.
SELECT party, batch_id, sum(n)::bigint AS hubs
  FROM (SELECT import_supplier_id AS party, batch_id, n
          FROM rollouts_tally_plan
         WHERE rollout_id = %(rollout_id)s AND stage < {SETTLED} AND consent IN ({AWAITING_CONSENTS})
           AND answered & {SupplierRole.IMPORT} = 0
         UNION ALL
        SELECT gas_supplier_id, batch_id, n
          FROM rollouts_tally_plan
         WHERE rollout_id = %(rollout_id)s AND stage < {SETTLED} AND consent IN ({AWAITING_CONSENTS})
           AND answered & {SupplierRole.GAS} = 0 AND gas_supplier_id <> import_supplier_id) AS awaited
 WHERE party > 0
 GROUP BY party, batch_id
HAVING sum(n) > 0
 ORDER BY party, batch_id
