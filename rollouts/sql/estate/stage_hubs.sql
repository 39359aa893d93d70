-- Make the tables a later inventory is merged from, or empty them: its good lines, and the hubs whose Suppliers it
-- changes, which are handed over in transactions that follow.
DO $$ BEGIN
    IF to_regclass('pg_temp.rollouts_staged_hub') IS NULL THEN
        CREATE TEMPORARY TABLE rollouts_staged_hub (LIKE rollouts_hub, line_no bigint NOT NULL)
            ON COMMIT DELETE ROWS;
        GRANT ALL ON rollouts_staged_hub TO PUBLIC;
    END IF;
END $$;
DO $$ BEGIN
    IF to_regclass('pg_temp.rollouts_moving_hub') IS NULL THEN
        CREATE TEMPORARY TABLE rollouts_moving_hub
            (guid bigint NOT NULL, import_supplier_id integer, gas_supplier_id integer);
        GRANT ALL ON rollouts_moving_hub TO PUBLIC;
    END IF;
END $$;
TRUNCATE rollouts_staged_hub, rollouts_moving_hub
