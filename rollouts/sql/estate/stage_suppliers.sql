-- Make the staging table of this connection, or empty it; its rows go with the transaction.
DO $$ BEGIN
    IF to_regclass('pg_temp.rollouts_staged_supplier') IS NULL THEN
        CREATE TEMPORARY TABLE rollouts_staged_supplier
            (guid bigint NOT NULL, import_id integer, gas_id integer) ON COMMIT DELETE ROWS;
        GRANT ALL ON rollouts_staged_supplier TO PUBLIC;
    END IF;
END $$;
DELETE FROM rollouts_staged_supplier
