"""What tests of notices share: a rollout drafted and published, and what parties were told of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from rollouts import services
from rollouts.models import Rollout
from tests.factories import World

NOTE = "https://sharepoint.example/notes/1"


def draft(world: World, *, now: datetime, **changes: object) -> Rollout:
    """Draft a SEC Release with a pilot, four months ahead, unless told otherwise."""
    fields: dict[str, object] = {
        "name": "Toshiba 0C230000",
        "cpl_entry_id": world.target.pk,
        "kind": "SEC_RELEASE",
        "severity": "MAJOR",
        "priority": "P2",
        "automatic_at": now + timedelta(days=120),
        "release_note_url": NOTE,
    }
    return services.draft_rollout(world.operator, **{**fields, **changes}, now=now)


def published(world: World, *, now: datetime, **changes: object) -> Rollout:
    """Draft and publish."""
    rollout = draft(world, now=now, **changes)
    services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)
    rollout.refresh_from_db()
    return rollout
