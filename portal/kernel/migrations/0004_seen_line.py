"""Which line of the database's history each part of the portal has seen. A new table: locks nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_rights_of_functions")]

    operations = [
        migrations.CreateModel(
            name="SeenLine",
            fields=[
                ("part", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("line", models.CharField(max_length=40)),
                ("seen_at", models.DateTimeField(auto_now=True)),
            ],
            options={"db_table": "kernel_seen_line"},
        ),
    ]
