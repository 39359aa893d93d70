-- Make the staging tables of this connection, or empty them; their rows go with the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS rollouts_staged_guid (guid bigint NOT NULL, line_no bigint NOT NULL)
    ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS rollouts_missed_guid (guid bigint NOT NULL) ON COMMIT DELETE ROWS;
DELETE FROM rollouts_staged_guid;
DELETE FROM rollouts_missed_guid
