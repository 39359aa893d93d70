"""A function that makes monthly partitions, so that every time-partitioned table is kept the same way."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION kernel_ensure_month_partitions(parent text, first_month date, months int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    start_on date;
    child text;
    made int := 0;
BEGIN
    FOR i IN 0 .. months - 1 LOOP
        start_on := (date_trunc('month', first_month) + make_interval(months => i))::date;
        child := parent || '_' || to_char(start_on, 'YYYYMM');
        IF to_regclass(child) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent,
                    start_on::timestamp AT TIME ZONE 'UTC',
                    (start_on + interval '1 month')::timestamp AT TIME ZONE 'UTC');
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                -- rows of that month already lie in the default partition: they stay there, found as well
                RAISE NOTICE 'month % of % stays in the default partition', start_on, parent;
            END;
        END IF;
    END LOOP;
    RETURN made;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [
        migrations.RunSQL(FORWARD, "DROP FUNCTION kernel_ensure_month_partitions(text, date, int)"),
    ]
