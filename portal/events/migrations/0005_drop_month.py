"""Forgetting a month of the feed, for a role that owns no table."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION events_drop_month(forgotten text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF forgotten !~ '^events_feed_entry_[0-9]{6}$' THEN
        RAISE EXCEPTION 'no month of the feed: %', forgotten;
    END IF;
    EXECUTE format('DROP TABLE %I', forgotten);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0004_feed_retention")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION events_drop_month(text)")]
