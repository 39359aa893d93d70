"""Remember who has put the hints of a first visit away. A small table: a constant default rewrites nothing."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0007_client_keys")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="has_seen_hints",
            field=models.BooleanField(
                db_default=False, default=False, help_text="has put the hints of a first visit away"
            ),
        ),
    ]
