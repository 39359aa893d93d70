"""Notices for one person alone, and what a notice is about where that is not an update."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_webhooks")]

    operations = [
        migrations.AddField("message", "user_id", models.BigIntegerField(null=True)),
        migrations.AddField(
            "message", "about", models.CharField(blank=True, db_default="", default="", max_length=60)
        ),
    ]
