"""Where positions of a feed go on from a later number. A new table: locks nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0005_drop_month")]

    operations = [
        migrations.CreateModel(
            name="FeedJump",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("party_id", models.IntegerField()),
                ("after", models.BigIntegerField()),
                ("position", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "events_feed_jump"},
        ),
    ]
