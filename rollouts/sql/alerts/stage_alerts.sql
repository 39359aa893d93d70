-- Two private tables of this connection: the alerts of a batch as they came, and as they were judged. They have no
-- statistics and no index: statements that change rows they have read meet them by `ctid`, as joined by alert the
-- planner would read all of the batch for each of its rows.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_alert (
    alert_id uuid NOT NULL, occurred_at timestamptz NOT NULL, guid bigint NOT NULL, code smallint NOT NULL,
    command_id bigint, reason smallint NOT NULL, firmware_version varchar(8) NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS judged_alert (
    guid bigint NOT NULL, occurred_at timestamptz NOT NULL, alert_id uuid NOT NULL, command_id bigint,
    rollout_id integer, old_entry_id integer, device_model_id integer, import_id integer, gas_id integer,
    asked_by integer, code smallint NOT NULL, reason smallint NOT NULL, old_status smallint,
    is_reading boolean NOT NULL, firmware_version varchar(8) NOT NULL, why text
) ON COMMIT DELETE ROWS
