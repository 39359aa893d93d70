-- All lines of an instruction that were not accepted, in the order of the list, each as the JSON it has in a page.
SELECT jsonb_build_object('line', l.line_no, 'raw', l.raw, 'guid', {guid}, 'reason', l.reason, 'words', {words},
                          'detail', l.detail, 'sheet', l.sheet)::text
  FROM rollouts_instructionline AS l
 WHERE l.instruction_id = %(instruction_id)s
 ORDER BY l.line_no, l.id
