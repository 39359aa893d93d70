"""Policies and what is written past them: by whom, and when.

Whoever publishes for the DCC fills a rollout's part of the targets before it is attached, and never after. The first
load of the inventory is copied into the hubs' table, which is locked meanwhile: no table with policies takes COPY.
"""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION rollouts_make_target_partition(rollout integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE child text := 'rollouts_target_' || rollout;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE rollouts_target INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
        CONSTRAINT rollouts_target_of_this_rollout CHECK (rollout_id = %s)) WITH (fillfactor = 70,
        autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)', child, rollout);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_operator') THEN
        EXECUTE format('GRANT SELECT, INSERT ON %I TO portal_operator', child);
    END IF;
    RETURN child;
END $$;

CREATE OR REPLACE FUNCTION rollouts_attach_target_partition(rollout integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE child text := 'rollouts_target_' || rollout;
BEGIN
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (rollout_id, guid)', child);
    EXECUTE format('ALTER TABLE rollouts_target ATTACH PARTITION %I FOR VALUES IN (%s)', child, rollout);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT rollouts_target_of_this_rollout', child);
    PERFORM rollouts_watch_targets(child);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_operator') THEN
        EXECUTE format('REVOKE ALL ON %I FROM portal_operator', child);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION rollouts_begin_first_load() RETURNS void
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
    ALTER TABLE rollouts_hub DISABLE ROW LEVEL SECURITY;
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

CREATE OR REPLACE FUNCTION rollouts_make_hub_indexes(unique_ones boolean) RETURNS void
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
        IF EXISTS (SELECT FROM pg_policy WHERE polrelid = 'rollouts_hub'::regclass) THEN
            ALTER TABLE rollouts_hub ENABLE ROW LEVEL SECURITY;
        END IF;
    END IF;
END $$;

-- Hubs whose GUIDs end so: a condition that does not come before a policy would not find its index. A Supplier is given its own.
CREATE FUNCTION rollouts_hubs_ending(ending bigint, mask bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE ROWS 300 SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT guid FROM rollouts_hub
     WHERE (guid & 65535) = (ending & 65535) AND (guid & mask) = ending
       AND (current_setting('role') NOT IN ('portal_web', 'portal_supplier')
            OR nullif(current_setting('portal.organisation', true), '')::integer
               IN (import_supplier_id, gas_supplier_id))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0038_command_ids")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION rollouts_hubs_ending(bigint, bigint)")]
