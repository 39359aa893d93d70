-- Stage one slice of a long instruction; nothing leaves the server.
INSERT INTO rollouts_staged_guid (guid, line_no)
SELECT slice.guid, slice.line_no
  FROM rollouts_instruction AS i,
       unnest(i.pending_guids[%(first)s:%(last)s], i.pending_lines[%(first)s:%(last)s]) AS slice(guid, line_no)
 WHERE i.id = %(instruction_id)s
