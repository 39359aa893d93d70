-- Make the tables a later inventory is merged from, or empty them: its good lines, and the hubs whose Suppliers it
-- changes, which are handed over in transactions that follow.
CREATE TEMPORARY TABLE IF NOT EXISTS rollouts_staged_hub (LIKE rollouts_hub, line_no bigint NOT NULL)
    ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS rollouts_moving_hub
    (guid bigint NOT NULL, import_supplier_id integer, gas_supplier_id integer);
TRUNCATE rollouts_staged_hub, rollouts_moving_hub
