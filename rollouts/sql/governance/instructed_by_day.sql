-- Count the hubs that are not settled by each Supplier that has answered for them and the day they activate.
SELECT party, day, sum(n)::bigint AS hubs
  FROM (SELECT import_supplier_id AS party, effective_day AS day, n
          FROM rollouts_tally_plan
         WHERE rollout_id = %(rollout_id)s AND stage < {SETTLED} AND answered & {SupplierRole.IMPORT} > 0
         UNION ALL
        SELECT gas_supplier_id, effective_day, n
          FROM rollouts_tally_plan
         WHERE rollout_id = %(rollout_id)s AND stage < {SETTLED} AND answered & {SupplierRole.GAS} > 0
           AND gas_supplier_id <> import_supplier_id) AS answered
 WHERE party > 0
 GROUP BY party, day
HAVING sum(n) > 0
 ORDER BY party, day
