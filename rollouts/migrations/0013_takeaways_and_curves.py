"""Named views of the estate, files written for people, curves of updates, and who reviewed an alert."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rollouts', '0012_describe_import_summary'),
    ]

    operations = [
        migrations.CreateModel(
            name='ActivationPoint',
            fields=[
                ('pk', models.CompositePrimaryKey('rollout_id', 'party_id', 'region', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('rollout_id', models.IntegerField()),
                ('party_id', models.IntegerField()),
                ('region', models.SmallIntegerField()),
                ('at', models.DateTimeField()),
                ('activated', models.BigIntegerField()),
            ],
            options={
                'db_table': 'rollouts_activation_point',
            },
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.IntegerField()),
                ('user_id', models.BigIntegerField()),
                ('form', models.CharField(choices=[('xlsx', 'Workbook (XLSX)'), ('csv', 'CSV')], max_length=4)),
                ('status', models.CharField(choices=[('WAITING', 'Waiting'), ('RUNNING', 'Being written'), ('READY', 'Ready'), ('FAILED', 'Failed'), ('EXPIRED', 'No longer kept')], default='WAITING', max_length=7)),
                ('query', models.CharField(blank=True, max_length=2000)),
                ('filters', models.JSONField(default=dict)),
                ('total', models.BigIntegerField(help_text='hubs; none where only the walk tells', null=True)),
                ('done', models.BigIntegerField(default=0)),
                ('attempts', models.SmallIntegerField(default=0)),
                ('problem', models.TextField(blank=True)),
                ('file', models.CharField(blank=True, help_text='its name in the storage', max_length=200)),
                ('size', models.BigIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField(help_text='when its worker last said how far it was', null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.IntegerField()),
                ('owner_id', models.BigIntegerField()),
                ('owner_name', models.CharField(max_length=120)),
                ('name', models.CharField(max_length=80)),
                ('query', models.CharField(help_text='the filters, as they stand in the address', max_length=2000)),
                ('is_shared', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'rollouts_saved_view',
            },
        ),
        migrations.AddField(
            model_name='unmatchedalert',
            name='review_note',
            field=models.TextField(blank=True, db_default='', help_text='why it needs nothing more'),
        ),
        migrations.AddField(
            model_name='unmatchedalert',
            name='reviewed_by',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='unmatchedalert',
            name='reviewed_by_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name='unmatchedalert',
            index=models.Index(condition=models.Q(('reviewed_at', None)), fields=['id'], name='rollouts_unmatched_unreviewed'),
        ),
        migrations.AddIndex(
            model_name='unmatchedalert',
            index=models.Index(condition=models.Q(('reviewed_at__isnull', False)), fields=['reviewed_at', 'id'], name='rollouts_unmatched_reviewed'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(fields=['user_id', '-id'], name='rollouts_export_of_person'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(condition=models.Q(('status__in', ['WAITING', 'RUNNING'])), fields=['id'], name='rollouts_export_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'READY'), _negated=True), models.Q(('expires_at__isnull', False), ('file__gt', '')), _connector='OR'), name='rollouts_export_ready_has_file'),
        ),
        migrations.AddIndex(
            model_name='savedview',
            index=models.Index(fields=['organisation_id'], name='rollouts_savedview_of_body'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('owner_id', 'name'), name='rollouts_savedview_one_a_name'),
        ),
    ]
