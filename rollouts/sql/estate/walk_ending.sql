-- A piece: an organisation's hubs whose GUIDs end so, between two GUIDs, and its role there. The few that share the last
-- sixteen bits come from their index by a function, past the policies (OFFSET 0 keeps it to that), and are then judged.
SELECT h.guid AS guid, h.gpf_guid, h.region, h.smi_status, h.device_model_id, h.cpl_entry_id,
       h.commissioned_on, {role} AS role, {split} AS is_split{more}
  FROM (SELECT e.* FROM rollouts_hubs_ending(%(ending)s, %(mask)s) AS ended (guid)
          JOIN rollouts_hub AS e ON e.guid = ended.guid OFFSET 0) AS h
 WHERE {own} AND h.guid > %(first)s AND h.guid < %(last)s
