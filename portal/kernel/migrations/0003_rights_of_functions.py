"""Partitions and statistics for a role that owns no table: functions with the rights of the owner.

Each does one thing to tables of ours; names are found in the schema `public` alone. A month that is made is written
through its parent alone: what its parent does not let be rewritten, nobody rewrites in the month.
"""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION kernel_ensure_month_partitions(parent text, first_month date, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    writer regrole;
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
                FOR writer IN SELECT DISTINCT grantee FROM pg_class, aclexplode(relacl)
                               WHERE pg_class.oid = child::regclass AND grantee <> relowner LOOP
                    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM %s', child, writer);
                END LOOP;
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                -- rows of that month already lie in the default partition: they stay there, found as well
                RAISE NOTICE 'month % of % stays in the default partition', start_on, parent;
            END;
        END IF;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION kernel_analyze(analyzed regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('ANALYZE %s', analyzed);
END $$;
"""
REVERSE = """
DROP FUNCTION kernel_analyze(regclass);
ALTER FUNCTION kernel_ensure_month_partitions(text, date, int) SECURITY INVOKER RESET search_path;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_month_partitions")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
