"""The plan tallies count days of Great Britain, as people read them: 00:30 in July belongs to that day.

Locks targets against writing while it counts them anew: about a minute for ten million. Stop the workers.
"""

from django.db import migrations

SWAP = """
DO $$
DECLARE definition text;
BEGIN
    FOR definition IN
        SELECT pg_get_functiondef(oid) FROM pg_proc
         WHERE proname IN ('rollouts_tally_inserted', 'rollouts_tally_deleted', 'rollouts_tally_updated')
           AND pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE replace(definition, 'effective_at AT TIME ZONE ''{old}''', 'effective_at AT TIME ZONE ''{new}''');
    END LOOP;
END $$;
LOCK TABLE rollouts_target IN SHARE MODE;
DELETE FROM rollouts_tally_plan;
INSERT INTO rollouts_tally_plan
       (rollout_id, batch_id, import_supplier_id, gas_supplier_id, region, consent, answered, effective_day, stage, n)
SELECT rollout_id, batch_id, coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), region, consent,
       (import_answer > 0)::int + 2 * (gas_answer > 0)::int,
       (effective_at AT TIME ZONE '{new}')::date, rollouts_stage_of(state), count(*)
  FROM rollouts_target GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0025_send_imports_by_systems")]

    operations = [
        migrations.RunSQL(
            SWAP.format(old="UTC", new="Europe/London"), SWAP.format(old="Europe/London", new="UTC")
        )
    ]
