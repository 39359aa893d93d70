"""Alerts end in the same state whatever is lost, doubled, late or out of order."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.identity.models import Organisation
from portal.kernel import sql
from rollouts import services
from rollouts.models import (
    Command,
    CplEntry,
    Hub,
    HubInFlight,
    Rollout,
    Target,
    UnmatchedAlert,
)
from rollouts.states import CommandKind, FailureCode, TargetState
from tests.factories import make_rollout
from tests.integration.alerting import AlertScenario, read_command

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_subscribers")]


@pytest.mark.requirement("R5.6")
@pytest.mark.parametrize(("due", "is_after"), [(4, False), (6, True)])
def test_a_reading_after_the_halt_says_nothing_of_an_activation_that_was_due_before_it(now, due, is_after):
    scenario = AlertScenario(now)
    Command.objects.filter(pk=scenario.command.pk).update(execute_at=now + timedelta(minutes=due))
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now + timedelta(minutes=5))
    reading = read_command(scenario)

    scenario.deliver(
        scenario.alert(0, "READ_RESULT", minutes=9, firmware_version="0C230000", command_id=str(reading.pk))
    )

    assert scenario.state(0) == TargetState.ACTIVATED
    assert scenario.target(0).activated_after_halt is is_after


@pytest.mark.requirement("R4.11")
def test_an_alert_sent_by_mistake_for_another_csp_counts_once_its_own_sends_it(now):
    scenario = AlertScenario(now)
    stranger = Organisation.objects.create(kind="CSP", name="CSP North")
    alert = scenario.activated(0)

    scenario.deliver(alert, csp=stranger)
    scenario.deliver(alert, csp=stranger)
    assert scenario.state(0) == TargetState.ACTIVATING
    scenario.deliver(alert)
    scenario.deliver(alert)

    assert scenario.state(0) == TargetState.ACTIVATED
    assert UnmatchedAlert.objects.get().why == "WRONG_CSP"
    assert len(scenario.feed(scenario.world.as_supplier)) == 1


@pytest.mark.requirement("R4.8")
def test_a_reading_confirms_an_activation_nobody_reported(now):
    scenario = AlertScenario(now)
    reading = Command.objects.create(
        rollout_id=scenario.rollout.pk,
        kind=CommandKind.READ,
        region=2,
        guids=[],
        hub_count=0,
        due_at=now,
        created_at=now,
    )
    new = scenario.alert(0, "READ_RESULT", firmware_version="0C230000", command_id=str(reading.pk))
    old = scenario.alert(1, "READ_RESULT", firmware_version="0C220000", command_id=str(reading.pk))

    scenario.deliver(new, old)

    assert scenario.state(0) == TargetState.ACTIVATED
    assert (scenario.state(1), scenario.target(1).code) == (
        TargetState.DISTRIBUTED,
        FailureCode.READ_OLD_VERSION,
    )


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize("together", [True, False])
def test_a_reading_from_before_an_activation_does_not_turn_the_inventory_back(now, together):
    scenario = AlertScenario(now)
    reading = read_command(scenario)
    read = scenario.alert(
        0, "READ_RESULT", minutes=1, firmware_version="0C220000", command_id=str(reading.pk)
    )
    activated = scenario.activated(0, minutes=1.5)

    if together:
        scenario.deliver(activated, read)
    else:
        scenario.deliver(activated)
        scenario.deliver(read)

    assert scenario.state(0) == TargetState.ACTIVATED
    assert Hub.objects.get(guid=scenario.world.guid(0)).cpl_entry_id == scenario.world.target.pk


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize("is_late", [True, False])
def test_news_of_an_earlier_rollout_that_comes_late_does_not_turn_the_inventory_back(now, is_late):
    scenario = AlertScenario(now)
    later = CplEntry.objects.create(
        device_model=scenario.world.model, firmware_version="0C240000", image_sha256=bytes(32)
    )
    Rollout.objects.update(status="STOPPED", halted_at=now)
    second = make_rollout(scenario.world, now=now)
    Rollout.objects.filter(pk=second.pk).update(cpl_entry=later)
    HubInFlight.objects.update(rollout_id=second.pk)
    notices = [
        scenario.activated(0),
        scenario.activated(0, anonymous=True, minutes=2, firmware_version="0C240000"),
    ]

    for alert in reversed(notices) if is_late else notices:
        scenario.deliver(alert)

    hub = Hub.objects.get(guid=scenario.world.guid(0))
    assert (hub.cpl_entry_id, hub.gpf_cpl_entry_id) == (later.pk, later.pk)
    assert set(Target.objects.filter(guid=hub.guid).values_list("state", flat=True)) == {
        TargetState.ACTIVATED
    }
    kinds = [kind for kind, _, _ in scenario.feed(scenario.world.as_supplier)]
    assert kinds.count(EntryKind.HUB_ACTIVATED) == 2


def test_a_reading_from_before_an_activation_does_not_fail_it(now):
    scenario = AlertScenario(now)
    Command.objects.filter(pk=scenario.command.pk).update(
        claimed_at=now, execute_at=now + timedelta(minutes=5)
    )
    reading = read_command(scenario)
    before, after = (
        scenario.alert(
            number, "READ_RESULT", minutes=at, firmware_version="0C220000", command_id=str(reading.pk)
        )
        for number, at in ((0, 4), (1, 6))
    )

    scenario.deliver(before, after)

    assert scenario.state(0) == TargetState.ACTIVATING
    assert scenario.state(1) == TargetState.DISTRIBUTED


def test_a_complete_rollout_takes_no_hub_up_again(now):
    scenario = AlertScenario(now, state=TargetState.DISTRIBUTION_FAILED)
    sql.run("UPDATE rollouts_target SET state = 52 WHERE guid = %(g)s", {"g": scenario.world.guid(1)})
    HubInFlight.objects.all().delete()
    Rollout.objects.update(status="COMPLETE")
    reading = read_command(scenario)

    scenario.deliver(
        scenario.alert(0, "0x8F72"),
        scenario.alert(1, "READ_RESULT", firmware_version="0C220000", command_id=str(reading.pk)),
        scenario.activated(2),
    )

    assert scenario.state(0) == TargetState.DISTRIBUTION_FAILED
    assert (scenario.state(1), scenario.target(1).code) == (
        TargetState.ACTIVATION_FAILED,
        FailureCode.READ_OLD_VERSION,
    )
    assert scenario.state(2) == TargetState.ACTIVATED
    assert not HubInFlight.objects.exists()
    assert not UnmatchedAlert.objects.exists()


def test_a_late_verification_takes_no_hub_from_the_rollout_that_has_it_now(now):
    scenario = AlertScenario(now, state=TargetState.DISTRIBUTION_FAILED)
    HubInFlight.objects.filter(guid=scenario.world.guid(0)).update(rollout_id=scenario.rollout.pk + 1)
    HubInFlight.objects.filter(guid=scenario.world.guid(1)).delete()

    scenario.deliver(scenario.alert(0, "0x8F72"), scenario.alert(1, "0x8F72"))

    assert scenario.state(0) == TargetState.DISTRIBUTION_FAILED
    assert scenario.state(1) == TargetState.DISTRIBUTED


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("state", [TargetState.DISTRIBUTING, TargetState.ACTIVATING])
def test_whatever_order_all_a_hub_can_say_comes_in_it_ends_activated_and_told_once(now, state):
    orders = list(itertools.permutations(range(6)))[:: 3 if state == TargetState.ACTIVATING else 4]
    scenario = AlertScenario(now, hubs=len(orders), state=state)
    Command.objects.update(claimed_at=now, sent_at=now)
    reading, requested = read_command(scenario), read_command(scenario)
    Command.objects.filter(pk=requested.pk).update(
        rollout_id=None, requested_by_id=scenario.world.supplier.pk
    )
    alerts = [
        (
            scenario.alert(hub, "DELIVERY_FAILED", minutes=1, reason="UNREACHABLE"),
            scenario.alert(hub, "0x8F72", minutes=2),
            scenario.alert(hub, "READ_RESULT", minutes=3, firmware_version="0C220000", command_id=reading.pk),
            scenario.alert(
                hub, "READ_RESULT", minutes=4, firmware_version="0C220000", command_id=requested.pk
            ),
            scenario.activated(hub, minutes=5),
            scenario.alert(
                hub, "READ_RESULT", minutes=6, firmware_version="0C230000", command_id=requested.pk
            ),
        )
        for hub in range(len(orders))
    ]

    for step in range(6):
        scenario.deliver(*(alerts[hub][order[step]] for hub, order in enumerate(orders)))

    assert not Target.objects.exclude(state=TargetState.ACTIVATED).exists()
    assert not Hub.objects.exclude(cpl_entry_id=scenario.world.target.pk).exists()
    assert not HubInFlight.objects.exists()
    suppliers = Hub.objects.values_list("import_supplier_id", "gas_supplier_id")
    entries = FeedOutbox.objects.filter(kind=EntryKind.HUB_ACTIVATED).count()
    assert entries == sum(len(set(pair) - {None}) for pair in suppliers)
    assert services.measure_drift(rollout_id=scenario.rollout.pk).total == 0


@pytest.mark.requirement("R5.6")
def test_the_answer_to_an_earlier_cancel_does_not_hide_that_to_the_present_one(now):
    scenario = AlertScenario(now)
    sql.run("UPDATE rollouts_target SET state = 55")
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now)
    earlier = read_command(scenario)
    Command.objects.filter(pk=earlier.pk).update(kind=CommandKind.CANCEL)

    scenario.deliver(
        scenario.alert(0, "CANCELLED", minutes=1),
        scenario.alert(0, "CANCEL_FAILED", minutes=2, reason="UNREACHABLE", command_id=str(earlier.pk)),
    )

    assert scenario.state(0) == TargetState.CANCELLED
