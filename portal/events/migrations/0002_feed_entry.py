"""The feed, partitioned by month: read by (party, position), aged out a partition at a time."""

from django.db import migrations

FORWARD = """
CREATE TABLE events_feed_entry (
    position   bigint      NOT NULL,
    guid       bigint,
    at         timestamptz NOT NULL,
    party_id   integer     NOT NULL,
    rollout_id integer,
    version_id integer,
    kind       smallint    NOT NULL,
    code       smallint    NOT NULL DEFAULT 0,
    data       jsonb,
    CONSTRAINT events_feed_entry_one_a_position PRIMARY KEY (party_id, position, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_feed_entry_rest PARTITION OF events_feed_entry DEFAULT;
SELECT kernel_ensure_month_partitions('events_feed_entry', (now() - interval '1 month')::date, 14);
ALTER TABLE events_feed_outbox ALTER COLUMN code SET DEFAULT 0;
ALTER TABLE events_feed_outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial"), ("kernel", "0002_month_partitions")]
    operations = [migrations.RunSQL(FORWARD, "DROP TABLE events_feed_entry")]
