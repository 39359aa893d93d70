"""Counts of the estate, kept by triggers as those of targets are; and what an import says of itself."""

from django.db import migrations, models

FORWARD = """
CREATE FUNCTION rollouts_estate_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_estate_tally
        (import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n)
    SELECT coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), device_model_id, cpl_entry_id, region,
           smi_status, count(*)
      FROM new_rows GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_estate_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_estate_tally
        (import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n)
    SELECT coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), device_model_id, cpl_entry_id, region,
           smi_status, -count(*)
      FROM old_rows GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END $$;

CREATE FUNCTION rollouts_estate_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollouts_estate_tally
        (import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n)
    SELECT import_id, gas_id, device_model_id, cpl_entry_id, region, smi_status, sum(d)
      FROM (SELECT coalesce(import_supplier_id, 0) AS import_id, coalesce(gas_supplier_id, 0) AS gas_id,
                   device_model_id, cpl_entry_id, region, smi_status, -1 AS d FROM old_rows
             UNION ALL
            SELECT coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), device_model_id, cpl_entry_id,
                   region, smi_status, 1 FROM new_rows) AS moved
     GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(d) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER rollouts_estate_inserted AFTER INSERT ON rollouts_hub REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rollouts_estate_inserted();
CREATE TRIGGER rollouts_estate_deleted AFTER DELETE ON rollouts_hub REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rollouts_estate_deleted();
CREATE TRIGGER rollouts_estate_updated AFTER UPDATE ON rollouts_hub REFERENCING OLD TABLE AS old_rows
    NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollouts_estate_updated();

INSERT INTO rollouts_estate_tally
    (import_supplier_id, gas_supplier_id, device_model_id, cpl_entry_id, region, smi_status, n)
SELECT coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0), device_model_id, cpl_entry_id, region, smi_status,
       count(*)
  FROM rollouts_hub GROUP BY 1, 2, 3, 4, 5, 6;

ALTER TABLE rollouts_estate_tally SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 2000);
"""

REVERSE = """
DROP TRIGGER rollouts_estate_updated ON rollouts_hub;
DROP TRIGGER rollouts_estate_deleted ON rollouts_hub;
DROP TRIGGER rollouts_estate_inserted ON rollouts_hub;
DROP FUNCTION rollouts_estate_updated();
DROP FUNCTION rollouts_estate_deleted();
DROP FUNCTION rollouts_estate_inserted();
"""


class Migration(migrations.Migration):
    dependencies = [("rollouts", "0007_plain_arrays")]
    operations = [
        migrations.CreateModel(
            name="EstateTally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("import_supplier_id", models.IntegerField()),
                ("gas_supplier_id", models.IntegerField()),
                ("device_model_id", models.IntegerField()),
                ("cpl_entry_id", models.IntegerField()),
                ("region", models.SmallIntegerField()),
                ("smi_status", models.SmallIntegerField()),
                ("n", models.BigIntegerField()),
            ],
            options={"db_table": "rollouts_estate_tally"},
        ),
        migrations.AddField(
            "estateimport", "refused_by_reason", models.JSONField(default=dict)
        ),
        migrations.AddField("estateimport", "summary", models.JSONField(default=dict)),
        migrations.AlterField(
            "estateimport",
            "kind",
            models.CharField(
                choices=[
                    ("LOAD", "Load"),
                    ("SUPPLIER_CHANGE", "Supplier changes"),
                    ("STATUS_CHANGE", "Status changes"),
                ],
                max_length=16,
            ),
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
