"""A rollout whose pilot nobody makes possible goes on: reminded, proposed to, or without one (R2.3)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from portal.events.kinds import EntryKind
from portal.events.models import Event
from portal.kernel.refusals import BadInput, NotPermitted
from rollouts import services
from rollouts.models import PilotSubmission, Target
from rollouts.services.instructions.hub_list import HubList
from tests.factories import World, make_rollout, make_world
from tests.integration.feeds import entries_by_party

pytestmark = pytest.mark.django_db


@pytest.fixture
def rollout(world, now):
    """A published rollout whose pilot nobody has nominated hubs for."""
    return make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)


def skip(world, rollout, *, now, commentary="Nobody nominates."):
    """Go on without a pilot."""
    return services.skip_pilot(world.operator, rollout_id=rollout.pk, commentary=commentary, now=now)


def nominate(world, rollout, *numbers, now):
    """Nominate hubs as `supplier`."""
    source = HubList.from_stored([world.guid(number) for number in numbers])
    return services.submit_pilot(
        world.as_supplier, rollout_id=rollout.pk, source=source, now=now, activate_at=now + timedelta(days=3)
    )


@pytest.mark.requirement("R2.3")
def test_dcc_goes_on_without_a_pilot_by_a_recorded_decision_that_everybody_is_told(world, rollout, now):
    late = rollout.automatic_at + timedelta(days=1)

    skip(world, rollout, now=late)

    rollout.refresh_from_db()
    assert (rollout.status, rollout.has_pilot, rollout.pilot_skipped_at) == ("SAFE_LAUNCH", False, late)
    assert rollout.batches.get(kind="SAFE_LAUNCH").gate_open
    fact = Event.objects.get(name="pilot.skipped")
    assert (fact.facts["reason"], fact.facts["hubs"]) == ("Nobody nominates.", 20)
    everybody = {
        org.pk for org in (world.supplier, world.other, world.third, world.csp, world.panel, world.dcc)
    }
    entries = entries_by_party(EntryKind.PILOT_SKIPPED)
    assert set(entries) == everybody
    assert (entries[world.other.pk]["commentary"], entries[world.other.pk]["hubs"]) == (
        "Nobody nominates.",
        6,
    )


@pytest.mark.requirement("R2.3")
def test_hubs_of_the_pilot_group_go_with_the_safe_launch_and_keep_their_times(world, rollout, now):
    first, second = nominate(world, rollout, 0, 1, now=now), nominate(world, rollout, 2, now=now)
    services.confirm_pilot(
        world.operator, rollout_id=rollout.pk, submission_ids=[first.submission_id], now=now
    )

    skip(world, rollout, now=now)

    safe_launch = rollout.batches.get(kind="SAFE_LAUNCH").pk
    assert set(Target.objects.filter(rollout_id=rollout.pk).values_list("batch_id", flat=True)) == {
        safe_launch
    }
    assert Target.objects.get(rollout_id=rollout.pk, guid=world.guid(0)).effective_at == now + timedelta(
        days=3
    )
    assert PilotSubmission.objects.get(pk=second.submission_id).status == "DECLINED"
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R2.3")
def test_going_on_without_a_pilot_takes_a_reason_an_operator_and_a_pilot_that_has_not_begun(
    world, rollout, now
):
    with pytest.raises(BadInput):
        skip(world, rollout, now=now, commentary=" ")
    with pytest.raises(NotPermitted):
        services.skip_pilot(world.as_supplier, rollout_id=rollout.pk, commentary="No", now=now)
    skip(world, rollout, now=now)
    with pytest.raises(services.StepRefused):
        skip(world, rollout, now=now)
    with pytest.raises(services.NoPilot):
        nominate(world, rollout, 0, now=now)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_start_and_skip_a_pilot_at_once_one_is_refused(now):
    world: World = make_world()
    rollout = make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    nomination = nominate(world, rollout, 0, now=now)
    services.confirm_pilot(
        world.operator, rollout_id=rollout.pk, submission_ids=[nomination.submission_id], now=now
    )
    operator, outcomes = world.operator, []

    def take(step):
        try:
            step()
            outcomes.append("taken")
        except (services.StepRefused, services.PilotEmpty):
            outcomes.append("refused")
        finally:
            connections.close_all()

    steps = [
        lambda: services.start_pilot(operator, rollout_id=rollout.pk, now=now),
        lambda: services.skip_pilot(operator, rollout_id=rollout.pk, commentary="None", now=now),
    ]
    threads = [threading.Thread(target=take, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused", "taken"]
