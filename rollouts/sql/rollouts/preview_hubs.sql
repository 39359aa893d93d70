-- Say of every hub of a model whether the firmware may be applied to it, or why not, counted by Suppliers and region.
-- The reasons stand in the order in which a person would mend them; '' = eligible, as fill_targets decides it.
SELECT h.import_supplier_id AS imports, h.gas_supplier_id AS gas, h.region,
       CASE WHEN h.region = {Region.SMETS1} THEN 'SMETS1_OUT_OF_SCOPE'
            WHEN h.smi_status IN ({RECOVERING_SMI_STATUSES}) THEN 'RECOVERY_IN_PROGRESS'
            WHEN h.smi_status IN ({GONE_SMI_STATUSES}) THEN 'LEFT_SERVICE'
            WHEN h.smi_status NOT IN ({ELIGIBLE_SMI_STATUSES}) THEN 'NOT_COMMISSIONED'
            WHEN h.cpl_entry_id = %(cpl_entry_id)s THEN 'ALREADY_AT_VERSION'
            WHEN h.cpl_entry_id <> ALL(%(predecessors)s) THEN 'UPGRADE_PATH'
            WHEN t.guid IS NOT NULL THEN 'OTHER_UPDATE_IN_PROGRESS'
            ELSE '' END AS reason,
       count(*) AS hubs
  FROM rollouts_hub AS h
  LEFT JOIN rollouts_target AS t
         ON t.rollout_id = ANY(%(others)s) AND t.guid = h.guid AND rollouts_stage_of(t.state) < {SETTLED}
 WHERE h.device_model_id = %(device_model_id)s
 GROUP BY 1, 2, 3, 4
