"""Remember which activations a halt has recalled, so that it is done once and without reading a target."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0005_command_left_at")]
    operations = [
        migrations.AddField(
            model_name="command",
            name="recalled_at",
            field=models.DateTimeField(help_text="when a halt made a cancel for it", null=True),
        ),
    ]
