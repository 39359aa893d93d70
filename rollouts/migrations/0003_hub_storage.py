"""Storage of the big tables: history and alerts by month, room in hub pages for updates in place."""

from django.db import migrations

FORWARD = """
ALTER TABLE rollouts_hub SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE rollouts_hub ALTER COLUMN han_devices SET DEFAULT 0, ALTER COLUMN postcode_area SET DEFAULT '';

CREATE TABLE rollouts_hub_history (
    guid       bigint      NOT NULL,
    at         timestamptz NOT NULL,
    rollout_id integer,
    kind       smallint    NOT NULL,
    old_value  text        NOT NULL DEFAULT '',
    new_value  text        NOT NULL DEFAULT '',
    evidence   text        NOT NULL DEFAULT ''
) PARTITION BY RANGE (at);
CREATE INDEX rollouts_hub_history_of_hub ON rollouts_hub_history (guid, at);
CREATE TABLE rollouts_hub_history_rest PARTITION OF rollouts_hub_history DEFAULT;
SELECT kernel_ensure_month_partitions('rollouts_hub_history', (now() - interval '1 month')::date, 14);

CREATE TABLE rollouts_csp_alert (
    occurred_at      timestamptz NOT NULL,
    alert_id         uuid        NOT NULL,
    guid             bigint      NOT NULL,
    batch_id         bigint      NOT NULL,
    command_id       bigint,
    code             smallint    NOT NULL,
    reason           smallint    NOT NULL DEFAULT 0,
    firmware_version varchar(8)  NOT NULL DEFAULT '',
    CONSTRAINT rollouts_csp_alert_kept_once PRIMARY KEY (occurred_at, alert_id)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE rollouts_csp_alert_rest PARTITION OF rollouts_csp_alert DEFAULT;
SELECT kernel_ensure_month_partitions('rollouts_csp_alert', (now() - interval '1 month')::date, 14);

ALTER TABLE rollouts_tally_state SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 2000);
ALTER TABLE rollouts_tally_plan SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 2000);
"""

REVERSE = """
DROP TABLE rollouts_csp_alert;
DROP TABLE rollouts_hub_history;
ALTER TABLE rollouts_hub RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0002_targets"), ("kernel", "0002_month_partitions")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
