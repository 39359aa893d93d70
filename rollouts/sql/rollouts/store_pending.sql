-- Keep the staged GUIDs of a long instruction with it, sorted, each with the line it stood in.
UPDATE rollouts_instruction AS i
   SET (pending_guids, pending_lines) = (
           SELECT array_agg(s.guid), array_agg(s.line_no)
             FROM (SELECT guid, line_no FROM rollouts_staged_guid ORDER BY guid) AS s)
 WHERE i.id = %(instruction_id)s
