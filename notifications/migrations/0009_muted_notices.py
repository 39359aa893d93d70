"""What a person does not want to be told of."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("notifications", "0008_read_marks")]

    operations = [
        migrations.AddField(
            "reader",
            "muted_kinds",
            django.contrib.postgres.fields.ArrayField(models.SmallIntegerField(), default=list, db_default=[]),
        ),
        migrations.AddField(
            "reader",
            "muted_rollouts",
            django.contrib.postgres.fields.ArrayField(models.IntegerField(), default=list, db_default=[]),
        ),
    ]
