-- A piece: an organisation's hubs whose GUIDs end so, between two GUIDs, and its role there. The few that share the last
-- sixteen bits come from their index, whosever they are (OFFSET 0 keeps it to that), and are then judged.
SELECT h.guid AS guid, h.gpf_guid, h.region, h.smi_status, h.device_model_id, h.cpl_entry_id,
       h.commissioned_on, {role} AS role, {split} AS is_split{more}
  FROM (SELECT e.* FROM rollouts_hub AS e
         WHERE (e.guid & 65535) = (%(ending)s & 65535) AND (e.guid & %(mask)s) = %(ending)s OFFSET 0) AS h
 WHERE {own} AND h.guid > %(first)s AND h.guid < %(last)s
