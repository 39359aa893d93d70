"""As of when an inventory file is: what hubs have said since outranks it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rollouts', '0013_takeaways_and_curves'),
    ]

    operations = [
        migrations.AddField(
            model_name='estateimport',
            name='as_of',
            field=models.DateTimeField(help_text='as of when the file says what hubs run', null=True),
        ),
    ]
