"""Remember that a command may have left, so that a halt knows what it can still hold back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0004_instruction_progress")]
    operations = [
        migrations.AddField(
            model_name="command",
            name="left_at",
            field=models.DateTimeField(
                help_text="when it was first handed to a CSP that has not said it did not take it", null=True
            ),
        ),
    ]
