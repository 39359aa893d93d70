-- Name the targets of a rollout whose hub has gone or no longer qualifies, those that a change of Supplier passed by,
-- and those whose hub turned out to be in another region; no lock is taken. What is under way on a hub is only ended by the hub's going.
SELECT t.guid, h.import_supplier_id AS imports, h.gas_supplier_id AS gas,
       h.guid IS NULL
       OR h.smi_status IN ({GONE_SMI_STATUSES})
       OR h.device_model_id <> %(device_model_id)s
       OR t.state IN ({WAITING_STATES}) AND NOT ({SUITABLE}) AS is_lost,
       t.import_supplier_id IS DISTINCT FROM h.import_supplier_id
       OR t.gas_supplier_id IS DISTINCT FROM h.gas_supplier_id AS has_changed_hands,
       t.region IS DISTINCT FROM h.region AS is_elsewhere
  FROM rollouts_target AS t
  LEFT JOIN rollouts_hub AS h ON h.guid = t.guid
 WHERE t.rollout_id = %(rollout_id)s AND rollouts_stage_of(t.state) < {SETTLED}
   AND (h.guid IS NULL
        OR h.smi_status IN ({GONE_SMI_STATUSES})
        OR h.device_model_id <> %(device_model_id)s
        OR t.state IN ({WAITING_STATES}) AND NOT ({SUITABLE})
        OR t.import_supplier_id IS DISTINCT FROM h.import_supplier_id
        OR t.gas_supplier_id IS DISTINCT FROM h.gas_supplier_id
        OR t.region <> h.region)
 ORDER BY t.guid
