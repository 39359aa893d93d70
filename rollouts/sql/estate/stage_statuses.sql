-- Make the table a feed of statuses is applied from, or empty it.
DO $$ BEGIN
    IF to_regclass('pg_temp.rollouts_staged_status') IS NULL THEN
        CREATE TEMPORARY TABLE rollouts_staged_status
            (guid bigint NOT NULL, status smallint NOT NULL, gpf_status smallint, at timestamptz NOT NULL, replaced_by bigint)
            ON COMMIT DELETE ROWS;
        GRANT ALL ON rollouts_staged_status TO PUBLIC;
    END IF;
END $$;
DELETE FROM rollouts_staged_status
