"""Registration of organisations and users."""

from __future__ import annotations

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Organisations, users, roles."""

    name = "portal.identity"
    label = "identity"
    default_auto_field = "django.db.models.BigAutoField"
