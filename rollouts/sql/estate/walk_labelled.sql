-- A piece: an organisation's hubs with one of its labels between two GUIDs, and its role there.
SELECT l.guid AS guid, h.gpf_guid, h.region, h.smi_status, h.device_model_id, h.cpl_entry_id,
       h.commissioned_on, {role} AS role, {split} AS is_split{more}
  FROM rollouts_hublabel AS l
  JOIN rollouts_hub AS h ON h.guid = l.guid
 WHERE l.organisation_id = %(party)s AND l.label = %(label)s AND {own} AND l.guid > %(first)s AND l.guid < %(last)s
