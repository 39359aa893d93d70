"""Registration of accounts."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Logging in and what belongs to it."""

    name = "portal.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what changes about somebody's second factor and password."""
        from portal.accounts import attempts, sessions

        sessions.listen()
        attempts.listen()
