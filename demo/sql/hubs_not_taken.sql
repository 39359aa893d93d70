-- Find the first hubs that a Supplier's instruction would not be taken for, for one reason.
SELECT {column} AS guid
  FROM rollouts_hub AS h
 WHERE coalesce(h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s, false)
       = (%(reason)s <> 'UNKNOWN_DEVICE')
   AND CASE %(reason)s
           WHEN 'UNKNOWN_DEVICE' THEN true
           WHEN 'NOT_A_CHF' THEN h.gpf_guid IS NOT NULL
           WHEN 'SMETS1_OUT_OF_SCOPE' THEN h.region = {Region.SMETS1}
           WHEN 'RECOVERY_IN_PROGRESS'
           THEN h.smi_status IN ({RECOVERING_SMI_STATUSES}) AND h.region <> {Region.SMETS1}
           WHEN 'NOT_COMMISSIONED'
           THEN h.smi_status NOT IN ({ELIGIBLE_SMI_STATUSES, RECOVERING_SMI_STATUSES, GONE_SMI_STATUSES})
                AND h.region <> {Region.SMETS1}
           WHEN 'LEFT_SERVICE' THEN h.smi_status IN ({GONE_SMI_STATUSES}) AND h.region <> {Region.SMETS1}
           WHEN 'MODEL_MISMATCH'
           THEN h.smi_status = {SmiStatus.COMMISSIONED} AND h.region <> {Region.SMETS1}
                AND h.device_model_id <> %(model)s
           WHEN 'ALREADY_AT_VERSION'
           THEN h.smi_status = {SmiStatus.COMMISSIONED} AND h.cpl_entry_id = %(entry)s
                AND NOT EXISTS (SELECT FROM rollouts_target AS t
                                 WHERE t.rollout_id = %(rollout)s AND t.guid = h.guid
                                   AND t.state = {TargetState.ACTIVATED})
           WHEN 'ALREADY_UPDATED'
           THEN EXISTS (SELECT FROM rollouts_target AS t
                         WHERE t.rollout_id = %(rollout)s AND t.guid = h.guid AND t.state = {TargetState.ACTIVATED})
           WHEN 'UPGRADE_PATH'
           THEN h.smi_status = {SmiStatus.COMMISSIONED} AND h.device_model_id = %(model)s
                AND h.cpl_entry_id <> %(entry)s AND h.cpl_entry_id <> ALL(%(predecessors)s)
       END
 ORDER BY h.guid
 LIMIT %(size)s
