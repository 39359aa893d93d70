"""Alerts wait for a second at most: compressing them costs more than it saves."""

from django.db import migrations

FORWARD = "ALTER TABLE rollouts_csp_alert_batch ALTER COLUMN payload SET STORAGE EXTERNAL"
REVERSE = "ALTER TABLE rollouts_csp_alert_batch ALTER COLUMN payload SET STORAGE EXTENDED"


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0010_alerts_by_hub")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
