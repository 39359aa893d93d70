-- The hubs of an import whose own later word stands against it, in the order of its lines: a page of them.
SELECT d.id, d.guid, d.line_no, d.decision, said.firmware_version AS file_version, own.firmware_version AS hub_version
  FROM rollouts_held_difference AS d
  JOIN rollouts_cplentry AS said ON said.id = d.file_entry_id
  JOIN rollouts_cplentry AS own ON own.id = d.hub_entry_id
 WHERE d.estate_import_id = %(import_id)s AND d.id > %(after)s
 ORDER BY d.id
 LIMIT %(size)s
