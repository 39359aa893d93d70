"""Imports remember which firmware they name and the Central Products List lacks: a small table."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0031_lookback")]

    operations = [
        migrations.AddField(
            model_name="estateimport",
            name="unlisted",
            field=models.JSONField(
                db_default=[],
                default=list,
                help_text="firmware the file names and the Central Products List lacks",
            ),
        ),
    ]
