-- Count the targets of a rollout for each Supplier by role, and for each region, from the tallies.
-- role: a SupplierRole; a hub of two Suppliers counts once for each of them. Region rows have party 0.
-- Of one batch where a batch is named.
-- pending: hubs not settled on which this Supplier has answered; unsettled: hubs not settled.
WITH states AS (
    SELECT import_supplier_id AS imports, gas_supplier_id AS gas, region, state, sum(n) AS n
      FROM rollouts_tally_state
     WHERE rollout_id = %(rollout_id)s AND (%(batch_id)s::integer IS NULL OR batch_id = %(batch_id)s)
     GROUP BY 1, 2, 3, 4
    HAVING sum(n) <> 0
), plans AS (
    SELECT import_supplier_id AS imports, gas_supplier_id AS gas, answered, sum(n) AS n
      FROM rollouts_tally_plan
     WHERE rollout_id = %(rollout_id)s AND (%(batch_id)s::integer IS NULL OR batch_id = %(batch_id)s)
       AND stage < {SETTLED} AND answered > 0
     GROUP BY 1, 2, 3
    HAVING sum(n) <> 0
)
SELECT imports AS party, 0 AS region, CASE WHEN gas = imports THEN {SupplierRole.BOTH} ELSE {SupplierRole.IMPORT} END AS role,
       gas NOT IN (0, imports) AS is_split, state::integer AS state, 0::bigint AS pending, sum(n)::bigint AS n
  FROM states WHERE imports > 0 GROUP BY 1, 3, 4, 5
 UNION ALL
SELECT gas, 0, {SupplierRole.GAS}, imports > 0, state::integer, 0, sum(n)::bigint
  FROM states WHERE gas > 0 AND gas <> imports GROUP BY 1, 4, 5
 UNION ALL
SELECT 0, region, 0, false, state::integer, 0, sum(n)::bigint
  FROM states GROUP BY 2, 5
 UNION ALL
SELECT imports, 0, 0, false, 0, sum(n)::bigint, 0
  FROM plans WHERE imports > 0 AND answered & {SupplierRole.IMPORT} > 0 GROUP BY 1
 UNION ALL
SELECT gas, 0, 0, false, 0, sum(n)::bigint, 0
  FROM plans WHERE gas > 0 AND gas <> imports AND answered & {SupplierRole.GAS} > 0 GROUP BY 1
