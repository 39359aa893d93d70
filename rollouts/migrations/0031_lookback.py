"""Call the hours a halt rule looks back by one name: a window is the time in which Suppliers may instruct."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0030_all_at_once")]

    operations = [
        migrations.RemoveConstraint("haltrule", "rollouts_haltrule_makes_sense"),
        migrations.RenameField("haltrule", "window_hours", "lookback_hours"),
        migrations.AddConstraint(
            "haltrule",
            models.CheckConstraint(
                condition=models.Q(
                    threshold__gte=0, threshold__lt=1, minimum_sample__gte=1, lookback_hours__gt=0
                ),
                name="rollouts_haltrule_makes_sense",
            ),
        ),
    ]
