-- Take the next number of an instruction.
SELECT nextval(pg_get_serial_sequence('rollouts_instruction', 'id')) AS id
