"""Registration of recurring work."""

from __future__ import annotations

from django.apps import AppConfig


class RecurringConfig(AppConfig):
    """When recurring work was last done."""

    name = "portal.recurring"
    label = "recurring"
    default_auto_field = "django.db.models.BigAutoField"
