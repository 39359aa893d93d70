-- Keep the staged GUIDs of a long instruction with it, sorted, each with the line it stood in.
UPDATE rollouts_instruction AS i
   SET (pending_guids, pending_lines) = (
           SELECT array_agg(s.guid ORDER BY s.guid), array_agg(s.line_no ORDER BY s.guid)
             FROM rollouts_staged_guid AS s)
 WHERE i.id = %(instruction_id)s
