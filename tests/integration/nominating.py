"""What tests of pilots share: a rollout with a pilot, nominations, and their confirmation."""

from __future__ import annotations

from datetime import datetime, timedelta

from rollouts import services
from rollouts.models import Rollout, Target
from tests.factories import World


def publish(world: World, *, now: datetime, pilot_cap: int = 6) -> Rollout:
    """Publish a rollout with a pilot."""
    rollout = services.draft_rollout(
        world.operator,
        name="Toshiba 0C230000",
        cpl_entry_id=world.target.pk,
        kind="SEC_RELEASE",
        severity="MAJOR",
        priority="P2",
        automatic_at=now + timedelta(days=120),
        release_note_url="https://sharepoint.example/1",
        pilot_cap=pilot_cap,
        now=now,
    )
    services.notify_rollout(world.operator, rollout_id=rollout.pk, now=now)
    rollout.refresh_from_db()
    return rollout


def nominate(
    world: World, rollout: Rollout, *numbers: int, now: datetime, scope: object = None, **more: object
) -> services.Nomination:
    """Nominate hubs, as `supplier` unless told otherwise."""
    source = world.hub_list(*numbers)
    return services.submit_pilot(
        scope or world.as_supplier, rollout_id=rollout.pk, source=source, now=now, **more
    )


def confirm(
    world: World, rollout: Rollout, *nominations: services.Nomination, now: datetime
) -> services.Confirmation:
    """Confirm nominations."""
    ids = [nomination.submission_id for nomination in nominations]
    return services.confirm_pilot(world.operator, rollout_id=rollout.pk, submission_ids=ids, now=now)


def pilot_hubs(rollout: Rollout) -> int:
    """Count the hubs in the pilot group."""
    pilot = rollout.batches.get(kind="PILOT")
    return Target.objects.filter(rollout_id=rollout.pk, batch_id=pilot.pk).count()
