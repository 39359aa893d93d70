-- Select what may still be chosen of a rollout: hubs of some batches on which nothing is under way, of one Supplier
-- alone where it asks.
SELECT {columns}
  FROM rollouts_target AS t
  JOIN rollouts_hub AS h ON h.guid = t.guid
 WHERE t.rollout_id = %(rollout_id)s
   AND t.state IN ({TargetState.ELIGIBLE, TargetState.SCHEDULED})
   AND t.batch_id = ANY(%(batches)s)
   AND (%(party_id)s::integer IS NULL OR t.import_supplier_id = %(party_id)s OR t.gas_supplier_id = %(party_id)s)
   AND {condition}
