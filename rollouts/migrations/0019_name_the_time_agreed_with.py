"""An agreement names the time it agrees with: those that stand get the time that stands now.

Answers given to a Supplier that has asked for nothing since count as none, as their hubs already do.
"""

from django.db import migrations

STANDING = """
UPDATE rollouts_target SET import_time = gas_time
 WHERE import_answer = 2 AND gas_answer = 1 AND import_supplier_id <> gas_supplier_id;
UPDATE rollouts_target SET gas_time = import_time
 WHERE gas_answer = 2 AND import_answer = 1 AND import_supplier_id <> gas_supplier_id;
"""
LAPSED = """
UPDATE rollouts_target SET import_answer = 0, import_time = NULL, import_instruction_id = 0
 WHERE import_answer = 2 AND NOT coalesce(gas_answer = 1 AND import_supplier_id <> gas_supplier_id, false)
   AND state NOT IN (31, 41, 51, 52, 60, 90);
UPDATE rollouts_target SET gas_answer = 0, gas_time = NULL, gas_instruction_id = 0
 WHERE gas_answer = 2 AND NOT coalesce(import_answer = 1 AND import_supplier_id <> gas_supplier_id, false)
   AND state NOT IN (31, 41, 51, 52, 60, 90);
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0018_map_columns")]

    operations = [
        migrations.RunSQL(STANDING, migrations.RunSQL.noop),
        migrations.RunSQL(LAPSED, migrations.RunSQL.noop),
    ]
