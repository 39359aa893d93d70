-- A piece: an organisation's hubs in a rollout between two GUIDs, its role there, and where they stand. What the
-- target itself says comes first, so that the hub is looked up only where it may be one's own.
SELECT t.guid AS guid, h.gpf_guid, h.region, h.smi_status, h.device_model_id, h.cpl_entry_id,
       h.commissioned_on, {role} AS role, {split} AS is_split{more},
       t.state, t.consent
  FROM rollouts_target AS t
  JOIN rollouts_hub AS h ON h.guid = t.guid
 WHERE t.rollout_id = %(rollout_id)s AND t.state <> {TargetState.WITHDRAWN} AND {target_own} AND {own}
   AND t.guid > %(first)s AND t.guid < %(last)s
