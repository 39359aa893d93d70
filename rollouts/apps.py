"""Registration of the rollouts area."""

from __future__ import annotations

from django.apps import AppConfig


class RolloutsConfig(AppConfig):
    """The rollouts area."""

    name = "rollouts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the path converters before any address is read."""
        from rollouts.api import converters

        converters.register()
