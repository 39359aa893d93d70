"""What came from one hub, found among all alerts: filters over blocks, as for the feed."""

from django.db import migrations

FORWARD = """
CREATE INDEX rollouts_csp_alert_by_hub ON rollouts_csp_alert
    USING brin (guid int8_bloom_ops (n_distinct_per_range = 3500, false_positive_rate = 0.01))
    WITH (pages_per_range = 32, autosummarize = on)
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0009_governance")]
    operations = [migrations.RunSQL(FORWARD, "DROP INDEX rollouts_csp_alert_by_hub")]
