"""Targets, partitioned by rollout, and the triggers that keep their tallies.

A statement trigger on the partitioned parent does not see statements that name a
partition, and the other way round: so both carry the same three triggers, and no
statement on a target can leave the tallies behind.
"""

from django.db import migrations

FORWARD = """
CREATE TABLE rollouts_target (
    guid                  bigint      NOT NULL,
    import_time           timestamptz,
    gas_time              timestamptz,
    answered_at           timestamptz,
    effective_at          timestamptz NOT NULL,
    state_at              timestamptz NOT NULL,
    command_id            bigint,
    rollout_id            integer     NOT NULL,
    batch_id              integer     NOT NULL,
    import_supplier_id    integer,
    gas_supplier_id       integer,
    import_instruction_id integer,
    gas_instruction_id    integer,
    from_cpl_entry_id     integer     NOT NULL,
    region                smallint    NOT NULL,
    import_answer         smallint    NOT NULL DEFAULT 0,
    gas_answer            smallint    NOT NULL DEFAULT 0,
    consent               smallint    NOT NULL,
    state                 smallint    NOT NULL,
    code                  smallint    NOT NULL DEFAULT 0,
    attempts              smallint    NOT NULL DEFAULT 0,
    activated_after_halt  boolean     NOT NULL DEFAULT false,
    CONSTRAINT rollouts_target_one_place_per_rollout PRIMARY KEY (rollout_id, guid),
    CONSTRAINT rollouts_target_state_is_known CHECK (state IN (10, 20, 30, 31, 40, 41, 50, 51, 52, 55, 56, 60, 90)),
    CONSTRAINT rollouts_target_consent_is_known CHECK (consent BETWEEN 1 AND 6),
    CONSTRAINT rollouts_target_answers_are_known CHECK (import_answer BETWEEN 0 AND 3 AND gas_answer BETWEEN 0 AND 3),
    CONSTRAINT rollouts_target_moves_with_consent_only CHECK (state NOT IN (20, 50) OR consent >= 4)
) PARTITION BY LIST (rollout_id);

CREATE FUNCTION rollouts_stage_of(state smallint) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN state IN (10, 20, 30) THEN 0 WHEN state IN (40, 50, 55, 56) THEN 1 ELSE 2 END::smallint
$$;

CREATE FUNCTION rollouts_tally_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_tally_state
        (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code, n)
    SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), region, state, code,
           count(*)
      FROM new_rows GROUP BY 1, 2, 3, 4, 5, 6, 7;
    INSERT INTO rollouts_tally_plan
        (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage, n)
    SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), region, consent,
           (import_answer > 0)::int + 2 * (gas_answer > 0)::int,
           (effective_at AT TIME ZONE 'UTC')::date, rollouts_stage_of(state), count(*)
      FROM new_rows GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_tally_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_tally_state
        (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code, n)
    SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), region, state, code,
           -count(*)
      FROM old_rows GROUP BY 1, 2, 3, 4, 5, 6, 7;
    INSERT INTO rollouts_tally_plan
        (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage, n)
    SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), region, consent,
           (import_answer > 0)::int + 2 * (gas_answer > 0)::int,
           (effective_at AT TIME ZONE 'UTC')::date, rollouts_stage_of(state), -count(*)
      FROM old_rows GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_tally_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_tally_state
        (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, state, code, n)
    SELECT rollout_id, batch_id, import_id, gas_id, region, state, code, sum(d)
      FROM (SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0) AS import_id,
                   coalesce(gas_supplier_id, 0) AS gas_id, region, state, code, -1 AS d FROM old_rows
             UNION ALL
            SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), region,
                   state, code, 1 FROM new_rows) AS moved
     GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(d) <> 0;
    INSERT INTO rollouts_tally_plan
        (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage, n)
    SELECT rollout_id, batch_id, import_id, gas_id, region, consent, answered, effective_day, stage, sum(d)
      FROM (SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0) AS import_id,
                   coalesce(gas_supplier_id, 0) AS gas_id, region, consent,
                   (import_answer > 0)::int + 2 * (gas_answer > 0)::int AS answered,
                   (effective_at AT TIME ZONE 'UTC')::date AS effective_day, rollouts_stage_of(state) AS stage, -1 AS d
              FROM old_rows
             UNION ALL
            SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), region, consent,
                   (import_answer > 0)::int + 2 * (gas_answer > 0)::int,
                   (effective_at AT TIME ZONE 'UTC')::date, rollouts_stage_of(state), 1
              FROM new_rows) AS moved
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 HAVING sum(d) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_watch_targets(watched text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER rollouts_tally_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION rollouts_tally_inserted()', watched);
    EXECUTE format('CREATE TRIGGER rollouts_tally_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION rollouts_tally_deleted()', watched);
    EXECUTE format('CREATE TRIGGER rollouts_tally_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows
        NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollouts_tally_updated()', watched);
END $$;

SELECT rollouts_watch_targets('rollouts_target');

-- A partition is made bare, filled, then given its key, attached and watched: twice as fast as the other order.
CREATE FUNCTION rollouts_make_target_partition(rollout integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE child text := 'rollouts_target_' || rollout;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE rollouts_target INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
        CONSTRAINT rollouts_target_of_this_rollout CHECK (rollout_id = %s)) WITH (fillfactor = 70,
        autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)', child, rollout);
    RETURN child;
END $$;

CREATE FUNCTION rollouts_attach_target_partition(rollout integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE child text := 'rollouts_target_' || rollout;
BEGIN
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (rollout_id, guid)', child);
    EXECUTE format('ALTER TABLE rollouts_target ATTACH PARTITION %I FOR VALUES IN (%s)', child, rollout);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT rollouts_target_of_this_rollout', child);
    PERFORM rollouts_watch_targets(child);
END $$;
"""

REVERSE = """
DROP FUNCTION rollouts_attach_target_partition(integer);
DROP FUNCTION rollouts_make_target_partition(integer);
DROP TABLE rollouts_target;
DROP FUNCTION rollouts_watch_targets(text);
DROP FUNCTION rollouts_tally_updated();
DROP FUNCTION rollouts_tally_deleted();
DROP FUNCTION rollouts_tally_inserted();
DROP FUNCTION rollouts_stage_of(smallint);
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
