-- Keep the lines that were copied, in the order in which they came.
INSERT INTO rollouts_instructionline (instruction_id, line_no, raw, guid, reason, detail, sheet)
SELECT instruction_id, line_no, raw, guid, reason, detail, sheet FROM rollouts_staged_line
