"""At the claim each hub is judged again: what changed since it was planned is not sent."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rollouts import services
from rollouts.models import (
    Batch,
    Command,
    CplEntry,
    CspChannel,
    Hub,
    HubInFlight,
)
from rollouts.rules import activation
from rollouts.states import CommandStatus
from tests.factories import make_rollout
from tests.integration.dispatching import dispatch, settle, states

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


def test_hubs_that_changed_since_they_were_planned_are_left_out(csp, world, rollout, now):
    services.plan_due(now)
    Hub.objects.filter(guid=world.guid(0)).update(import_supplier=world.third)
    Hub.objects.filter(guid=world.guid(1)).update(cpl_entry=world.target)
    Hub.objects.filter(guid=world.guid(2)).update(smi_status=6)
    settle(rollout, state=10, consent=2, where=f"guid = {world.guid(3)}")
    settle(rollout, state=90, where=f"guid = {world.guid(4)}")
    Hub.objects.filter(guid=world.guid(5)).update(gas_supplier=None)

    assert dispatch(now) == 34

    left = {world.guid(n) for n in range(6)}
    assert set(Command.objects.get().guids).isdisjoint(left)
    assert states(rollout) == {10: 1, 20: 4, 30: 34, 90: 1}
    assert not HubInFlight.objects.filter(guid__in=left).exists()


@pytest.mark.requirement("R1.6")
def test_a_hub_that_has_left_the_upgrade_path_is_left_out(csp, world, rollout, now):
    services.plan_due(now)
    Hub.objects.filter(guid__gte=world.guid(3)).update(cpl_entry_id=world.oldest.pk)

    assert dispatch(now) == 3

    assert states(rollout) == {20: 37, 30: 3}


def test_an_activation_whose_time_was_changed_is_left_out(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)
    settle(rollout, state=40, effective_at=now + timedelta(days=3), where=f"guid < {world.guid(10)}")

    assert dispatch(now) == 30
    assert states(rollout) == {40: 10, 50: 30}


def test_an_activation_claimed_just_after_its_time_goes_without_a_date(csp, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)

    assert dispatch(now + timedelta(hours=1, minutes=10)) == 40
    assert "execute_at" not in csp.commands[0]


@pytest.mark.requirement("R3.12")
def test_an_activation_claimed_long_after_its_time_goes_at_night(csp, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)

    assert dispatch(now + timedelta(hours=2)) == 40
    sent_for = datetime.fromisoformat(csp.commands[0]["execute_at"])
    assert activation.is_within(sent_for, activation.DEFAULT_HOURS)
    assert now < sent_for < now + timedelta(days=1)


@pytest.mark.requirement("R3.12")
def test_an_activation_that_its_csp_was_too_busy_for_is_sent_for_a_later_night(csp, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)
    csp.answers = lambda _: (429, {"Retry-After": "1"})
    dispatch(now)
    csp.answers = lambda _: (202, {})
    Command.objects.update(next_try_at=None)
    CspChannel.objects.update(paused_until=None)

    assert dispatch(now + timedelta(hours=3)) == 40
    sent_for = datetime.fromisoformat(csp.commands[-1]["execute_at"])
    assert activation.is_within(sent_for, activation.DEFAULT_HOURS)
    assert Command.objects.get().execute_at == sent_for


def test_one_upgrade_is_in_flight_a_hub(csp, world, rollout, now):
    second = make_rollout(world, now=now)
    settle(second)
    services.plan_due(now)
    assert Command.objects.count() == 2

    dispatch(now)

    assert len(csp.hubs()) == len(set(csp.hubs())) == 40
    assert states(rollout) == {30: 40}
    assert states(second) == {20: 40}
    assert services.plan_due(now) == 0


def test_a_command_of_which_nothing_is_left_is_not_sent(csp, rollout, now):
    services.plan_due(now)
    settle(rollout, state=90)

    assert dispatch(now) == 0
    assert csp.commands == []
    assert not Command.objects.exists()


@pytest.mark.requirement("R1.6")
def test_firmware_that_left_the_cpl_suspends_its_rollout_at_dispatch(csp, world, rollout, now):
    services.plan_due(now)
    CplEntry.objects.filter(pk=world.target.pk).update(status="WITHDRAWN")

    assert dispatch(now) == 0

    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"
    assert "Central Products List" in rollout.status_reason
    assert csp.commands == []
    assert Command.objects.get().status == CommandStatus.DROPPED


def test_a_gate_shut_after_planning_holds_its_hubs(csp, rollout, now):
    services.plan_due(now)
    Batch.objects.update(gate_open=False)

    assert dispatch(now) == 0
    assert states(rollout) == {20: 40}
