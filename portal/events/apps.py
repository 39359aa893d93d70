"""Registration of the journal and the feed."""

from __future__ import annotations

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """The journal and the party feed."""

    name = "portal.events"
    label = "events"
    default_auto_field = "django.db.models.BigAutoField"
