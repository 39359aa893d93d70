-- Make the staging table of this connection, or empty it; its rows go with the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS rollouts_staged_supplier
    (guid bigint NOT NULL, import_id integer, gas_id integer) ON COMMIT DELETE ROWS;
DELETE FROM rollouts_staged_supplier
