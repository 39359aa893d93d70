"""Partitions of targets and the first load of the inventory, for a role that owns no table.

The first load empties the hubs' table, which has to be empty already, takes its indexes away and makes them again
once it is filled. What they are is kept meanwhile where the application cannot write. Takes no lock but while
it loads.
"""

from django.db import migrations

FORWARD = """
ALTER FUNCTION rollouts_make_target_partition(integer) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION rollouts_attach_target_partition(integer) SECURITY DEFINER SET search_path = public, pg_temp;

CREATE SCHEMA owners;
CREATE TABLE owners.hub_index (
    making    text    NOT NULL,
    is_unique boolean NOT NULL,
    place     integer NOT NULL
);

CREATE FUNCTION rollouts_begin_first_load() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    dropping text;
BEGIN
    LOCK TABLE rollouts_hub IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM rollouts_hub) THEN
        RAISE EXCEPTION 'there are hubs already';
    END IF;
    DELETE FROM owners.hub_index;
    INSERT INTO owners.hub_index (making, is_unique, place)
    SELECT CASE WHEN i.indisprimary
                THEN format('ALTER TABLE rollouts_hub ADD CONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid))
                ELSE pg_get_indexdef(i.indexrelid) END,
           i.indisunique, row_number() OVER (ORDER BY i.indexrelid)
      FROM pg_index AS i
      LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype = 'p'
     WHERE i.indrelid = 'rollouts_hub'::regclass;
    TRUNCATE rollouts_hub;
    ALTER TABLE rollouts_hub DISABLE TRIGGER USER;
    FOR dropping IN
        SELECT CASE WHEN i.indisprimary THEN format('ALTER TABLE rollouts_hub DROP CONSTRAINT %I', c.conname)
                    ELSE format('DROP INDEX %s', i.indexrelid::regclass) END
          FROM pg_index AS i
          LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype = 'p'
         WHERE i.indrelid = 'rollouts_hub'::regclass
    LOOP
        EXECUTE dropping;
    END LOOP;
END $$;

CREATE FUNCTION rollouts_make_hub_indexes(unique_ones boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    definition text;
BEGIN
    FOR definition IN
        SELECT making FROM owners.hub_index WHERE is_unique = unique_ones ORDER BY place
    LOOP
        EXECUTE definition;
    END LOOP;
    DELETE FROM owners.hub_index WHERE is_unique = unique_ones;
    IF unique_ones THEN
        ALTER TABLE rollouts_hub ENABLE TRIGGER USER;
    END IF;
END $$;
"""
REVERSE = """
DROP FUNCTION rollouts_make_hub_indexes(boolean);
DROP FUNCTION rollouts_begin_first_load();
DROP TABLE owners.hub_index;
DROP SCHEMA owners;
ALTER FUNCTION rollouts_attach_target_partition(integer) SECURITY INVOKER RESET search_path;
ALTER FUNCTION rollouts_make_target_partition(integer) SECURITY INVOKER RESET search_path;
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0034_choose_columns"), ("kernel", "0003_rights_of_functions")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
