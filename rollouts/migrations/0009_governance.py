"""Incidents, halt rules and decisions; and what has settled when, kept by the triggers that keep the tallies."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

WATCH = """
CREATE OR REPLACE FUNCTION rollouts_watch_targets(watched text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER rollouts_tally_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION rollouts_tally_inserted()', watched);
    EXECUTE format('CREATE TRIGGER rollouts_tally_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION rollouts_tally_deleted()', watched);
    EXECUTE format('CREATE TRIGGER rollouts_tally_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows
        NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollouts_tally_updated()', watched);
<MORE>END $$;
"""

FORWARD = (
    """
-- Every statement on targets also says which hubs settled, and when; negative rows take back what no longer holds.
CREATE FUNCTION rollouts_settled_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_settled (rollout_id, batch_id, state, code, at, n)
    SELECT rollout_id, batch_id, state, code, state_at, count(*)
      FROM new_rows WHERE state IN (31, 41, 51, 52, 60) GROUP BY 1, 2, 3, 4, 5;
    INSERT INTO rollouts_failure (rollout_id, guid, batch_id, state, code, at)
    SELECT rollout_id, guid, batch_id, state, code, state_at FROM new_rows WHERE state IN (31, 41, 51, 52);
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_settled_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_settled (rollout_id, batch_id, state, code, at, n)
    SELECT rollout_id, batch_id, state, code, state_at, -count(*)
      FROM old_rows WHERE state IN (31, 41, 51, 52, 60) GROUP BY 1, 2, 3, 4, 5;
    DELETE FROM rollouts_failure AS failure USING old_rows
     WHERE old_rows.state IN (31, 41, 51, 52)
       AND failure.rollout_id = old_rows.rollout_id AND failure.guid = old_rows.guid;
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_settled_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_settled (rollout_id, batch_id, state, code, at, n)
    SELECT rollout_id, batch_id, state, code, state_at, sum(d)
      FROM (SELECT rollout_id, batch_id, state, code, state_at, -1 AS d FROM old_rows
             WHERE state IN (31, 41, 51, 52, 60)
             UNION ALL
            SELECT rollout_id, batch_id, state, code, state_at, 1 FROM new_rows
             WHERE state IN (31, 41, 51, 52, 60)) AS moved
     GROUP BY 1, 2, 3, 4, 5 HAVING sum(d) <> 0;
    DELETE FROM rollouts_failure AS failure USING old_rows
     WHERE old_rows.state IN (31, 41, 51, 52)
       AND failure.rollout_id = old_rows.rollout_id AND failure.guid = old_rows.guid;
    INSERT INTO rollouts_failure (rollout_id, guid, batch_id, state, code, at)
    SELECT rollout_id, guid, batch_id, state, code, state_at FROM new_rows WHERE state IN (31, 41, 51, 52);
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_watch_settled(watched text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER rollouts_settled_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION rollouts_settled_inserted()', watched);
    EXECUTE format('CREATE TRIGGER rollouts_settled_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION rollouts_settled_deleted()', watched);
    EXECUTE format('CREATE TRIGGER rollouts_settled_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows
        NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollouts_settled_updated()', watched);
END $$;
"""
    + WATCH.replace("<MORE>", "    PERFORM rollouts_watch_settled(watched);\n")
    + """
DO $$
DECLARE child regclass;
BEGIN
    PERFORM rollouts_watch_settled('rollouts_target');
    FOR child IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'rollouts_target'::regclass LOOP
        PERFORM rollouts_watch_settled(child::text);
    END LOOP;
END $$;

INSERT INTO rollouts_settled (rollout_id, batch_id, state, code, at, n)
SELECT rollout_id, batch_id, state, code, date_trunc('minute', state_at), count(*)
  FROM rollouts_target WHERE state IN (31, 41, 51, 52, 60) GROUP BY 1, 2, 3, 4, 5;
INSERT INTO rollouts_failure (rollout_id, guid, batch_id, state, code, at)
SELECT rollout_id, guid, batch_id, state, code, state_at FROM rollouts_target WHERE state IN (31, 41, 51, 52);
ALTER TABLE rollouts_settled SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 2000);
"""
)

REVERSE = (
    WATCH.replace("<MORE>", "")
    + """
DROP FUNCTION rollouts_watch_settled(text);
DROP FUNCTION rollouts_settled_inserted() CASCADE;
DROP FUNCTION rollouts_settled_deleted() CASCADE;
DROP FUNCTION rollouts_settled_updated() CASCADE;
"""
)


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0003_api_clients'),
        ('rollouts', '0008_estate_tally'),
    ]

    operations = [
        migrations.CreateModel(
            name='Failure',
            fields=[
                ('pk', models.CompositePrimaryKey('rollout_id', 'guid', blank=True, editable=False, primary_key=True, serialize=False)),
                ('guid', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('rollout_id', models.IntegerField()),
                ('batch_id', models.IntegerField()),
                ('state', models.SmallIntegerField()),
                ('code', models.SmallIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='rollout',
            name='is_rescheduling',
            field=models.BooleanField(default=False, help_text='the times of its hubs are being written anew: nothing is claimed meanwhile'),
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('ROLLOUT', 'How a rollout goes on'), ('REQUIREMENTS', 'Who must sign')], default='ROLLOUT', max_length=12)),
                ('status', models.CharField(choices=[('REVIEW', 'Under review by DCC'), ('RECOMMENDED', 'Awaiting confirmation'), ('ENACTED', 'Confirmed and enacted'), ('REJECTED', 'Rejected'), ('OVERTAKEN', 'Overtaken by the end of the rollout')], default='REVIEW', max_length=11)),
                ('version', models.PositiveIntegerField(default=1)),
                ('because', models.TextField(blank=True, help_text='why the review was opened')),
                ('opened_at', models.DateTimeField()),
                ('opened_by_id', models.BigIntegerField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('PROCEED', 'Proceed as planned'), ('PAUSE', 'Pause'), ('DELAY', 'Delay the end date'), ('STOP', 'Stop completely')], max_length=7)),
                ('reasons', models.TextField(blank=True)),
                ('automatic_at', models.DateTimeField(help_text='the new automatic time of a delay', null=True)),
                ('goes_on', models.BooleanField(default=True, help_text='does a delayed rollout that stands go on')),
                ('proposal', models.JSONField(default=dict, help_text='of a decision on who must sign: the rows')),
                ('evidence', models.JSONField(default=dict, help_text='the figures as recommended')),
                ('recommended_at', models.DateTimeField(null=True)),
                ('recommended_by_id', models.BigIntegerField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('effects', models.JSONField(default=dict, help_text='what enacting it did')),
                ('follow_up_until', models.DateTimeField(help_text='a delay goes on until its window closes', null=True)),
                ('finished_at', models.DateTimeField(help_text='when all that follows had been done', null=True)),
                ('rollout', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='rollouts.rollout')),
            ],
        ),
        migrations.CreateModel(
            name='HaltRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('kind', models.CharField(choices=[('ANY', 'Any failure or silence'), ('CODES', 'Particular failures'), ('DISTRIBUTION', 'Distribution failed'), ('VERIFICATION', 'Verification failed'), ('ACTIVATION', 'Activation failed'), ('NO_ANSWER', 'No confirmation'), ('INCIDENT', 'Named in an incident'), ('HAN_IMPACT', 'Named in an incident with devices lost')], max_length=12)),
                ('failure_codes', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), default=list, size=None)),
                ('minimum_sample', models.PositiveIntegerField()),
                ('window_hours', models.FloatField()),
                ('threshold', models.FloatField(help_text='a share between 0 and 1')),
                ('counts_known', models.BooleanField(default=False, help_text='do failures of known issues count')),
                ('is_active', models.BooleanField(default=True)),
                ('armed_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('created_by_id', models.BigIntegerField(null=True)),
                ('batch', models.ForeignKey(help_text='none = all batches', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='halt_rules', to='rollouts.batch')),
                ('rollout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='halt_rules', to='rollouts.rollout')),
            ],
            options={
                'db_table': 'rollouts_halt_rule',
            },
        ),
        migrations.CreateModel(
            name='HaltTrip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('suspended', models.BooleanField(help_text='it took the step; else the rollout stood already')),
                ('evidence', models.JSONField()),
                ('rollout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='halt_trips', to='rollouts.rollout')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trips', to='rollouts.haltrule')),
            ],
            options={
                'db_table': 'rollouts_halt_trip',
            },
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=16, unique=True)),
                ('organisation_id', models.IntegerField()),
                ('user_id', models.BigIntegerField(null=True)),
                ('client_id', models.CharField(blank=True, max_length=100)),
                ('category', models.PositiveSmallIntegerField()),
                ('title', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True)),
                ('han_impact', models.CharField(choices=[('NONE', 'No device affected'), ('SOME_DEVICES', 'Some devices lost'), ('ALL_DEVICES', 'All devices lost'), ('UNKNOWN', 'Not known yet')], default='UNKNOWN', max_length=12)),
                ('han_devices', models.PositiveIntegerField(default=0, help_text='devices affected, all hubs together')),
                ('is_high_priority', models.BooleanField(default=True, help_text='firmware rollouts always are (R5.1)')),
                ('service_desk_reference', models.CharField(blank=True, max_length=40)),
                ('status', models.CharField(choices=[('RAISED', 'Raised'), ('ACKNOWLEDGED', 'Acknowledged'), ('INVESTIGATING', 'Under investigation'), ('RESOLVED', 'Resolved'), ('CLOSED', 'Closed'), ('MERGED', 'Handled with another incident'), ('WITHDRAWN', 'Withdrawn')], default='RAISED', max_length=13)),
                ('raised_at', models.DateTimeField()),
                ('respond_by', models.DateTimeField()),
                ('resolve_by', models.DateTimeField()),
                ('responded_at', models.DateTimeField(null=True)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('status_at', models.DateTimeField()),
                ('source', models.CharField(choices=[('LIST', 'Listed'), ('RULE', 'Chosen by rule'), ('BATCH', 'A whole batch'), ('NONE', 'No hub named')], default='LIST', max_length=5)),
                ('criteria', models.JSONField(null=True)),
                ('batch_id', models.IntegerField(null=True)),
                ('hubs', models.PositiveIntegerField(default=0)),
                ('rejected', models.JSONField(default=list, help_text='[{line, raw, reason}]')),
                ('idempotency_key', models.CharField(blank=True, max_length=128)),
                ('merged_into', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='rollouts.incident')),
                ('rollout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='incidents', to='rollouts.rollout')),
            ],
        ),
        migrations.CreateModel(
            name='IncidentAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=120)),
                ('media_type', models.CharField(max_length=60)),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.BinaryField(max_length=32)),
                ('content', models.BinaryField()),
                ('uploaded_at', models.DateTimeField()),
                ('uploaded_by_id', models.BigIntegerField(null=True)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='rollouts.incident')),
            ],
        ),
        migrations.CreateModel(
            name='IncidentComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.IntegerField()),
                ('user_id', models.BigIntegerField(null=True)),
                ('author', models.CharField(blank=True, max_length=120)),
                ('by_dcc', models.BooleanField(default=False)),
                ('is_internal', models.BooleanField(default=False)),
                ('text', models.TextField()),
                ('at', models.DateTimeField()),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='rollouts.incident')),
            ],
        ),
        migrations.CreateModel(
            name='IncidentHub',
            fields=[
                ('pk', models.CompositePrimaryKey('incident_id', 'guid', blank=True, editable=False, primary_key=True, serialize=False)),
                ('guid', models.BigIntegerField()),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='rollouts.incident')),
            ],
            options={
                'db_table': 'rollouts_incident_hub',
            },
        ),
        migrations.CreateModel(
            name='KnownIssue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True)),
                ('failure_codes', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), default=list, size=None)),
                ('criteria', models.JSONField(default=dict)),
                ('is_active', models.BooleanField(default=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('created_by_id', models.BigIntegerField(null=True)),
                ('changed_at', models.DateTimeField()),
                ('rollout', models.ForeignKey(help_text='none = all', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='known_issues', to='rollouts.rollout')),
            ],
        ),
        migrations.AddField(
            model_name='incident',
            name='known_issue',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='incidents', to='rollouts.knownissue'),
        ),
        migrations.CreateModel(
            name='Settled',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('rollout_id', models.IntegerField()),
                ('batch_id', models.IntegerField()),
                ('state', models.SmallIntegerField()),
                ('code', models.SmallIntegerField()),
                ('n', models.BigIntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['rollout_id', 'at'], name='rollouts_settled_by_time')],
            },
        ),
        migrations.CreateModel(
            name='SignOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('organisation_id', models.IntegerField()),
                ('user_id', models.BigIntegerField()),
                ('name', models.CharField(max_length=120)),
                ('role', models.CharField(max_length=20)),
                ('verdict', models.CharField(choices=[('APPROVE', 'Approve'), ('REJECT', 'Reject')], max_length=7)),
                ('comment', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
                ('voided_at', models.DateTimeField(help_text='when the recommendation was edited', null=True)),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_offs', to='rollouts.decision')),
            ],
            options={
                'db_table': 'rollouts_sign_off',
            },
        ),
        migrations.CreateModel(
            name='SignOffRequirement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('option', models.PositiveSmallIntegerField(default=1)),
                ('role', models.CharField(max_length=20)),
                ('number', models.PositiveSmallIntegerField(default=1)),
                ('outcomes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=7), default=list, help_text='which outcomes it is about; none = all', size=None)),
                ('in_force_from', models.DateTimeField()),
                ('in_force_until', models.DateTimeField(null=True)),
                ('decision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rollouts.decision')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.organisation')),
            ],
            options={
                'db_table': 'rollouts_sign_off_requirement',
            },
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['status', 'id'], name='rollouts_decision_by_status'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['REVIEW', 'RECOMMENDED', 'ENACTED', 'REJECTED', 'OVERTAKEN'])), name='rollouts_decision_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'ROLLOUT'), ('rollout__isnull', False)), models.Q(('kind', 'REQUIREMENTS'), ('rollout', None)), _connector='OR'), name='rollouts_decision_is_about_something'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('automatic_at__isnull', False), ('outcome', 'DELAY')), models.Q(models.Q(('outcome', 'DELAY'), _negated=True), ('automatic_at__isnull', True)), _connector='OR'), name='rollouts_decision_only_a_delay_has_a_date'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'ROLLOUT'), ('status__in', ['RECOMMENDED', 'REVIEW'])), fields=('rollout',), name='rollouts_decision_one_open_a_rollout'),
        ),
        migrations.AddConstraint(
            model_name='haltrule',
            constraint=models.CheckConstraint(condition=models.Q(('minimum_sample__gte', 1), ('threshold__gte', 0), ('threshold__lt', 1), ('window_hours__gt', 0)), name='rollouts_haltrule_makes_sense'),
        ),
        migrations.AddIndex(
            model_name='halttrip',
            index=models.Index(fields=['rollout', 'id'], name='rollouts_halttrip_by_rollout'),
        ),
        migrations.AddConstraint(
            model_name='incidentattachment',
            constraint=models.UniqueConstraint(fields=('incident', 'sha256'), name='rollouts_incidentattachment_once_an_incident'),
        ),
        migrations.AddIndex(
            model_name='incidenthub',
            index=models.Index(fields=['guid'], name='rollouts_incidenthub_by_hub'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['rollout', 'id'], name='rollouts_incident_by_rollout'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['organisation_id', 'id'], name='rollouts_incident_by_org'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(('category__gte', 1), ('category__lte', 5)), name='rollouts_incident_category_is_known'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['RAISED', 'ACKNOWLEDGED', 'INVESTIGATING', 'RESOLVED', 'CLOSED', 'MERGED', 'WITHDRAWN'])), name='rollouts_incident_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('status', 'MERGED')), models.Q(models.Q(('status', 'MERGED'), _negated=True), ('merged_into__isnull', True)), _connector='OR'), name='rollouts_incident_merged_knows_into_what'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key__gt', '')), fields=('organisation_id', 'idempotency_key'), name='rollouts_incident_once_per_key'),
        ),
        migrations.AddConstraint(
            model_name='signoff',
            constraint=models.UniqueConstraint(fields=('decision', 'version', 'user_id'), name='rollouts_signoff_one_a_person_a_version'),
        ),
        migrations.AddConstraint(
            model_name='signoffrequirement',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='rollouts_signoffrequirement_asks_somebody'),
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
