"""Phases: a batch opens once the one before it has succeeded and soaked (R3.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Batch
from rollouts.states import TargetState
from tests.integration.deciding import decide
from tests.integration.dispatching import settle

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


@pytest.fixture
def second(world, rollout, now):
    """A phase of ten hubs after the main batch; 95 % must succeed and soak for a day."""
    formed = services.create_batch(
        world.operator,
        rollout_id=rollout.pk,
        name="Second phase",
        automatic_at=now + timedelta(days=60),
        source=services.HubList.from_stored([world.guid(n) for n in range(10)]),
        now=now,
    )
    services.set_phase(
        world.operator, batch_id=formed.batch_id, success=0.95, soak_hours=24, minimum=10, now=now
    )
    return Batch.objects.get(pk=formed.batch_id)


def finish(world, rollout, *, failing=0):
    settle(rollout, state=60, where=f"guid >= {world.guid(10)}")
    if failing:
        settle(rollout, state=51, code=32, where=f"guid >= {world.guid(40 - failing)}")


def is_open(batch):
    return Batch.objects.values_list("gate_open", flat=True).get(pk=batch.pk)


@pytest.mark.requirement("R3.7")
def test_a_phase_opens_when_the_earlier_one_has_succeeded_and_soaked(world, rollout, second, now):
    assert services.open_due_phases(now) == 0
    finish(world, rollout, failing=1)

    assert services.open_due_phases(now) == 0
    assert services.open_due_phases(now + timedelta(hours=23)) == 0
    assert services.open_due_phases(now + timedelta(hours=24)) == 1

    assert is_open(second)
    assert services.open_due_phases(now + timedelta(hours=25)) == 0
    entries = FeedOutbox.objects.filter(kind=EntryKind.SAFE_LAUNCH_OPENED)
    assert world.supplier.pk in set(entries.values_list("party_id", flat=True))


def test_an_emptied_batch_counts_as_done_and_says_so(world, rollout, second, now):
    settle(rollout, state=TargetState.WITHDRAWN, where=f"guid >= {world.guid(10)}")

    services.open_due_phases(now)
    assert services.open_due_phases(now + timedelta(hours=24)) == 1

    entry = FeedOutbox.objects.filter(kind=EntryKind.SAFE_LAUNCH_OPENED, data__batch=second.pk).first()
    assert "has no hubs left" in entry.data["reason"]


def test_a_minimum_above_the_size_of_the_batch_before_is_refused(world, rollout, second, now):
    with pytest.raises(BadInput, match="has 30 hubs"):
        services.set_phase(
            world.operator, batch_id=second.pk, success=0.95, soak_hours=24, minimum=31, now=now
        )


def test_a_batch_that_shrank_below_the_minimum_need_not_reach_it(world, rollout, second, now):
    settle(rollout, state=TargetState.WITHDRAWN, where=f"guid >= {world.guid(15)}")
    settle(rollout, state=60, where=f"guid BETWEEN {world.guid(10)} AND {world.guid(14)}")

    services.open_due_phases(now)

    assert services.open_due_phases(now + timedelta(hours=24)) == 1


def test_too_many_failures_keep_it_shut(world, rollout, second, now):
    finish(world, rollout, failing=3)

    services.open_due_phases(now)

    assert services.open_due_phases(now + timedelta(days=3)) == 0


def test_too_few_settled_hubs_keep_it_shut(world, rollout, second, now):
    settle(rollout, state=60, where=f"guid BETWEEN {world.guid(10)} AND {world.guid(30)}")

    services.open_due_phases(now)

    assert services.open_due_phases(now + timedelta(days=3)) == 0


def test_what_falls_back_soaks_anew(world, rollout, second, now):
    finish(world, rollout)
    services.open_due_phases(now)
    finish(world, rollout, failing=3)
    services.open_due_phases(now + timedelta(hours=12))
    finish(world, rollout)
    services.open_due_phases(now + timedelta(hours=20))

    assert services.open_due_phases(now + timedelta(hours=30)) == 0
    assert services.open_due_phases(now + timedelta(hours=44)) == 1


def test_a_halt_holds_it_and_lets_it_soak_anew(world, rollout, second, now):
    finish(world, rollout)
    services.open_due_phases(now)
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="-", now=now)

    assert services.open_due_phases(now + timedelta(days=2)) == 0
    decide(world, rollout, "PROCEED", now + timedelta(days=2))
    assert services.open_due_phases(now + timedelta(days=2)) == 0
    assert services.open_due_phases(now + timedelta(days=3)) == 1


def test_somebody_may_open_it_by_hand(world, rollout, second, now):
    services.open_gate(world.operator, batch_id=second.pk, reason="Enough seen.", now=now)

    assert is_open(second)


def test_terms_without_sense_are_refused(world, rollout, second, now):
    for wrong in ({"success": 0}, {"success": 1.1}, {"soak_hours": -1}, {"minimum": 0}, {"settled": 0}):
        with pytest.raises(BadInput):
            services.set_phase(
                world.operator, batch_id=second.pk, now=now, **{"success": 0.9, "soak_hours": 1, **wrong}
            )
    main = rollout.batches.order_by("position").first()
    with pytest.raises(services.StepRefused):
        services.set_phase(world.operator, batch_id=main.pk, success=0.9, soak_hours=1, now=now)
    with pytest.raises(NotFound):
        services.set_phase(world.operator, batch_id=0, success=0.9, soak_hours=1, now=now)
    with pytest.raises(NotPermitted):
        services.set_phase(world.as_supplier, batch_id=second.pk, success=0.9, soak_hours=1, now=now)
