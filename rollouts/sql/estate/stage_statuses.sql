-- Make the table a feed of statuses is applied from, or empty it.
CREATE TEMPORARY TABLE IF NOT EXISTS rollouts_staged_status
    (guid bigint NOT NULL, status smallint NOT NULL, gpf_status smallint, at timestamptz NOT NULL, replaced_by bigint)
    ON COMMIT DELETE ROWS;
DELETE FROM rollouts_staged_status
