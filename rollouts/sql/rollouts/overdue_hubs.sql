-- Count the hubs that hold the image of a rollout and whose time has passed, by their Suppliers and region: should it go
-- on, they activate at once, or in the next hours of activation where nobody chose their time. Where its dates
-- move with that, those alone whose time was asked for.
SELECT coalesce(import_supplier_id, 0) AS imports, coalesce(gas_supplier_id, 0) AS gas, region, count(*) AS hubs
  FROM rollouts_target
 WHERE rollout_id = %(rollout_id)s
   AND state IN ({TargetState.DISTRIBUTED, TargetState.CANCELLED})
   AND consent >= {Consent.COMPLETE} AND effective_at <= %(now)s
   AND (NOT %(are_moved)s OR import_answer = {Answer.INSTRUCTED} OR gas_answer = {Answer.INSTRUCTED})
 GROUP BY 1, 2, 3
