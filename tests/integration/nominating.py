"""What tests of pilots share: a rollout with a pilot, nominations, and their confirmation."""

from __future__ import annotations

from datetime import datetime

from rollouts import services
from rollouts.models import Rollout, Target
from tests.factories import World
from tests.integration.publishing import published


def publish(world: World, *, now: datetime, pilot_cap: int = 6) -> Rollout:
    """Publish a rollout with a small pilot."""
    return published(world, now=now, pilot_cap=pilot_cap)


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
