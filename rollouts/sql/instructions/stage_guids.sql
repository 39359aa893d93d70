-- Make the staging tables of this connection, or empty them; their rows go with the transaction.
DO $$ BEGIN
    IF to_regclass('pg_temp.rollouts_staged_guid') IS NULL THEN
        CREATE TEMPORARY TABLE rollouts_staged_guid (guid bigint NOT NULL, line_no bigint NOT NULL)
            ON COMMIT DELETE ROWS;
        GRANT ALL ON rollouts_staged_guid TO PUBLIC;
    END IF;
END $$;
DO $$ BEGIN
    IF to_regclass('pg_temp.rollouts_missed_guid') IS NULL THEN
        CREATE TEMPORARY TABLE rollouts_missed_guid (guid bigint NOT NULL) ON COMMIT DELETE ROWS;
        GRANT ALL ON rollouts_missed_guid TO PUBLIC;
    END IF;
END $$;
DELETE FROM rollouts_staged_guid;
DELETE FROM rollouts_missed_guid
