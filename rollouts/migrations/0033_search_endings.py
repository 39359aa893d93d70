"""Hubs are found by how their GUIDs end: an index, made while others write."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("rollouts", "0032_unlisted_firmware")]

    operations = [
        AddIndexConcurrently(
            model_name="hub",
            index=models.Index(F("guid").bitand(0xFFFF), name="rollouts_hub_by_ending"),
        ),
    ]
