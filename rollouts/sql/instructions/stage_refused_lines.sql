-- Make the table that lines which were not taken are copied to, or empty it; COPY writes into no table with policies.
DO $$ BEGIN
    IF to_regclass('pg_temp.rollouts_staged_line') IS NULL THEN
        CREATE TEMPORARY TABLE rollouts_staged_line
            (instruction_id integer, line_no bigint, raw text, guid bigint, reason text, detail text, sheet text)
            ON COMMIT DELETE ROWS;
        GRANT ALL ON rollouts_staged_line TO PUBLIC;
    END IF;
END $$;
DELETE FROM rollouts_staged_line
