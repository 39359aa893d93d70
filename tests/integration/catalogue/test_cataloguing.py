"""Firmware leaves the Central Products List: its rollouts are suspended at once (R1.6)."""

from __future__ import annotations

from datetime import datetime

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import CplEntry, Rollout
from rollouts.states import CplStatus
from tests.factories import World, make_rollout

pytestmark = pytest.mark.django_db


def change(world: World, status: CplStatus, *, now: datetime, **more: object) -> list[int]:
    """Change the status of the target's entry, as an operator."""
    fields: dict[str, object] = {"cpl_entry_id": world.target.pk, "reason": "Security flaw"}
    return services.change_cpl_status(world.operator, status=status, now=now, **{**fields, **more})


@pytest.mark.requirement("R1.6")
def test_removing_an_entry_suspends_its_running_rollouts_and_tells_everybody_concerned(
    world: World, now: datetime
) -> None:
    running = make_rollout(world, now=now)
    paused = make_rollout(world, now=now)
    Rollout.objects.filter(pk=paused.pk).update(status="PAUSED", stood_at="SAFE_LAUNCH")

    assert change(world, CplStatus.WITHDRAWN, now=now) == [running.pk]

    running.refresh_from_db()
    assert running.status == "SUSPENDED"
    assert "Security flaw" in running.status_reason
    entry = CplEntry.objects.get(pk=world.target.pk)
    assert (entry.status, entry.removed_on, entry.removed_reason) == (
        "WITHDRAWN",
        now.date(),
        "Security flaw",
    )
    entries = FeedOutbox.objects.filter(kind=EntryKind.CPL_REMOVED)
    assert set(entries.values_list("rollout_id", flat=True)) == {running.pk, paused.pk}
    assert world.other.pk in entries.values_list("party_id", flat=True)
    assert Event.objects.get(name="cpl-entry.status-changed").facts["to"] == "WITHDRAWN"


def test_becoming_active_again_resumes_nothing(world: World, now: datetime) -> None:
    rollout = make_rollout(world, now=now)
    change(world, CplStatus.CANCELLED, now=now)

    assert change(world, CplStatus.ACTIVE, now=now) == []

    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"
    assert CplEntry.objects.get(pk=world.target.pk).removed_on is None


def test_what_makes_no_sense_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(BadInput):
        change(world, CplStatus.ACTIVE, now=now)
    with pytest.raises(BadInput):
        change(world, CplStatus.EXPIRED, now=now, reason=" ")
    with pytest.raises(NotFound):
        change(world, CplStatus.EXPIRED, now=now, cpl_entry_id=0)
    with pytest.raises(NotPermitted):
        services.change_cpl_status(
            world.as_supplier, cpl_entry_id=world.target.pk, status=CplStatus.EXPIRED, reason="-", now=now
        )
