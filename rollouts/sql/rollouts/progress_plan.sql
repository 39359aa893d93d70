-- When hubs of some rollouts will activate if nobody does anything more, and on whom that still depends, as one
-- viewer may count them. is_split: two Suppliers share the hub. mine, other: whether the viewing Supplier, or the
-- other one, has answered; for everybody else mine says whether anybody has. Excludes hubs that are settled.
SELECT rollout_id, rollout.status = ANY(%(halted)s) AS is_halted, batch_id, region::integer AS region, effective_day, consent::integer AS consent,
       stage::integer AS stage,
       import_supplier_id > 0 AND gas_supplier_id > 0 AND import_supplier_id <> gas_supplier_id AS is_split,
       CASE WHEN %(party)s::integer IS NULL THEN answered > 0
            WHEN import_supplier_id = %(party)s THEN answered & {SupplierRole.IMPORT} > 0
            ELSE answered & {SupplierRole.GAS} > 0 END AS mine,
       CASE WHEN %(party)s::integer IS NULL OR import_supplier_id = gas_supplier_id THEN false
            WHEN import_supplier_id = %(party)s THEN answered & {SupplierRole.GAS} > 0
            ELSE answered & {SupplierRole.IMPORT} > 0 END AS other,
       sum(n)::bigint AS hubs
  FROM rollouts_tally_plan AS plan JOIN rollouts_rollout AS rollout ON rollout.id = plan.rollout_id
 WHERE rollout_id = ANY(%(rollouts)s) AND stage < {SETTLED}
   AND (%(party)s::integer IS NULL OR import_supplier_id = %(party)s OR gas_supplier_id = %(party)s)
   AND (%(regions)s::integer[] IS NULL OR region = ANY(%(regions)s))
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(n) <> 0
