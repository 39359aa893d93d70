"""Files of the estate for systems, too: each is a person's or a system's."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rollouts', '0014_import_as_of'),
    ]

    operations = [
        migrations.AddField(
            model_name='export',
            name='client_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=100),
        ),
        migrations.AlterField(
            model_name='export',
            name='user_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('client_id', ''), ('user_id__isnull', False)), models.Q(('client_id__gt', ''), ('user_id', None)), _connector='OR'), name='rollouts_export_is_somebodys'),
        ),
    ]
