-- All lines of an instruction that were not accepted, in the order of the list, as they are written to a file: no text is a
-- formula to a spreadsheet (`csv_safe`), and a cell is a line.
SELECT {first} AS guid,
       l.line_no AS line,
       l.reason,
       {words} AS what_it_means,
       {detail} AS detail,
       {sheet} AS sheet
  FROM rollouts_instructionline AS l
 WHERE l.instruction_id = %(instruction_id)s
 ORDER BY l.line_no, l.id
