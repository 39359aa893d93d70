"""Registration of the journal and the feed."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class EventsConfig(AppConfig):
    """The journal and the party feed."""

    name = "portal.events"
    label = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give the role of the application its rights to what was migrated, and ring for what is written."""
        from portal.events.rights import grant_rights
        from portal.events.wakeups import ring_sequencer
        from portal.kernel import sql

        post_migrate.connect(grant_rights, sender=self, dispatch_uid="rights")
        sql.after_insert("events_feed_outbox", ring_sequencer)
