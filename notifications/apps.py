"""Registration of the notifications area."""

from __future__ import annotations

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The notifications area."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
