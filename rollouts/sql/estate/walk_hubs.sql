-- A piece: an organisation's hubs between two GUIDs, and its role there.
SELECT h.guid AS guid, h.gpf_guid, h.region, h.smi_status, h.device_model_id, h.cpl_entry_id,
       h.commissioned_on, {role} AS role, {split} AS is_split{more}
  FROM rollouts_hub AS h
 WHERE {own} AND h.guid > %(first)s AND h.guid < %(last)s
