"""Say what an import's summary holds; no change to the database."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rollouts', '0011_plain_payloads'),
    ]

    operations = [
        migrations.AlterField(
            model_name='estateimport',
            name='summary',
            field=models.JSONField(default=dict, help_text='what the file changed, by kind of change'),
        ),
    ]
