"""The hours in which images are sent are called so: a window is the time in which Suppliers may instruct."""

from django.db import migrations, models

RENAME = """
UPDATE rollouts_rollout
   SET dispatch_settings = dispatch_settings - '{old}'
                           || jsonb_build_object('{new}', dispatch_settings -> '{old}')
 WHERE dispatch_settings ? '{old}'
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0023_supplier_hours")]

    operations = [
        migrations.RenameField("cspchannel", "window", "distribution_hours"),
        migrations.AlterField(
            "rollout",
            "dispatch_settings",
            models.JSONField(default=dict, help_text="lead, hours, ramp: see rollouts.rules"),
        ),
        migrations.RunSQL(
            RENAME.format(old="window", new="distribution_hours"),
            RENAME.format(old="distribution_hours", new="window"),
        ),
    ]
