-- Count the hubs of a rollout that activated although it stood, that could not be recalled, that are being recalled
-- and that were; of one Supplier's alone where it asks.
SELECT count(*) FILTER (WHERE activated_after_halt) AS activated,
       count(*) FILTER (WHERE state = {TargetState.ACTIVATING} AND code = {FailureCode.CANCEL_FAILED})
           AS not_recalled,
       count(*) FILTER (WHERE state = {TargetState.CANCELLING}) AS being_recalled,
       count(*) FILTER (WHERE state = {TargetState.CANCELLED}) AS recalled
  FROM rollouts_target
 WHERE rollout_id = %(rollout_id)s
   AND (activated_after_halt OR state IN ({TargetState.ACTIVATING, TargetState.CANCELLING, TargetState.CANCELLED}))
   AND (%(party_id)s::integer IS NULL OR import_supplier_id = %(party_id)s OR gas_supplier_id = %(party_id)s)
