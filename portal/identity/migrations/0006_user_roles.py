"""User Roles are those of DUIS: the DCC and CSPs have none."""

from __future__ import annotations

from django.db import migrations, models

_ROLES = ["", "IS", "ES", "GS", "RSA", "ED", "GT", "OU"]


class Migration(migrations.Migration):
    dependencies = [("identity", "0005_proven_domains")]

    operations = [
        migrations.RemoveConstraint("useridentifier", "identity_useridentifier_role_is_known"),
        migrations.AlterField("useridentifier", "user_role", models.CharField(blank=True, max_length=4)),
        migrations.RunSQL(
            "UPDATE identity_useridentifier SET user_role = '' WHERE user_role IN ('CSP', 'DCC')",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            "useridentifier",
            models.CheckConstraint(
                condition=models.Q(user_role__in=_ROLES), name="identity_useridentifier_role_is_known"
            ),
        ),
    ]
