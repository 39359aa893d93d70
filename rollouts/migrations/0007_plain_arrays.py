"""Long instructions are kept as they are: compressing sixteen megabytes of GUIDs costs more than it saves."""

from django.db import migrations

FORWARD = """
ALTER TABLE rollouts_instruction
    ALTER COLUMN pending_guids SET STORAGE EXTERNAL,
    ALTER COLUMN pending_lines SET STORAGE EXTERNAL,
    ALTER COLUMN source SET STORAGE EXTERNAL
"""

REVERSE = """
ALTER TABLE rollouts_instruction
    ALTER COLUMN pending_guids SET STORAGE EXTENDED,
    ALTER COLUMN pending_lines SET STORAGE EXTENDED,
    ALTER COLUMN source SET STORAGE EXTENDED
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0006_command_recalled_at")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
