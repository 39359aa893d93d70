"""What an alert does to its hub: activated, failed, tried again, cancelled; each counts once."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta

import orjson
import pytest

from portal.events import feed
from portal.events.kinds import ActivationCode, EntryKind
from portal.kernel import sql
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import (
    CspAlertBatch,
    Hub,
    HubHistory,
    HubInFlight,
    Rollout,
    Target,
    UnmatchedAlert,
)
from rollouts.states import FailureCode, TargetState
from tests.integration.alerting import AlertScenario

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_subscribers")]


@pytest.mark.parametrize(
    ("guid", "words"),
    [
        ("00DB-12-34-00-00-00-00-", "XX-XX-XX-XX-XX-XX-XX-XX"),
        ("00DB1234-0000-0000-----", "XX-XX-XX-XX-XX-XX-XX-XX"),
        ("00 DB 12 34 00 00 00 00", "XX-XX-XX-XX-XX-XX-XX-XX"),
        ("00:DB:12:34:00:00:00:00", "XX-XX-XX-XX-XX-XX-XX-XX"),
        ("00-DB-12-34-00-00-00-0\u0410", "XX-XX-XX-XX-XX-XX-XX-XX"),
        ("00DB123400000000", "XX-XX-XX-XX-XX-XX-XX-XX"),
        ("00-00-00-00-00-00-00-00", "no device"),
        ("FF-FF-FF-FF-FF-FF-FF-FF", "no device"),
    ],
)
def test_an_alert_spells_its_hub_in_one_way(guid, words):
    alert = {
        "alert_id": str(uuid.uuid4()),
        "guid": guid,
        "code": "0x8F66",
        "occurred_at": "2027-01-01T00:00:00Z",
    }

    ((line, problem),) = alert_lines.read(orjson.dumps(alert)).problems

    assert line == 1
    assert words in problem


@pytest.mark.requirement("R4.6", "R4.7")
def test_a_confirmed_activation_reaches_the_inventory_and_every_responsible_supplier(now):
    scenario = AlertScenario(now)
    world = scenario.world

    scenario.deliver(*(scenario.activated(number) for number in range(20)))

    hub = Hub.objects.get(guid=world.guid(9))
    assert (hub.cpl_entry_id, hub.gpf_cpl_entry_id) == (world.target.pk, world.target.pk)
    assert {scenario.state(number) for number in range(20)} == {TargetState.ACTIVATED}
    of_supplier = {
        guid for kind, guid, _ in scenario.feed(world.as_supplier) if kind == EntryKind.HUB_ACTIVATED
    }
    assert of_supplier == {world.guid(number) for number in range(16)}
    of_other = {guid for kind, guid, _ in scenario.feed(world.as_other) if kind == EntryKind.HUB_ACTIVATED}
    assert of_other == {world.guid(number) for number in (9, 10, 11, 16, 17, 19)}
    entry = feed.entries_after(world.as_supplier, 0)[0]
    assert entry.version_id == world.target.pk
    history = HubHistory.objects.filter(guid=world.guid(9)).values_list("old_value", "new_value")
    assert list(history) == [("0C220000", "0C230000")]
    assert not HubInFlight.objects.exists()
    assert services.measure_drift(rollout_id=scenario.rollout.pk).total == 0


@pytest.mark.requirement("R4.7")
def test_the_alert_goes_to_whoever_is_responsible_at_that_moment(now):
    scenario = AlertScenario(now)
    Hub.objects.filter(guid=scenario.world.guid(0)).update(
        import_supplier=scenario.world.third, gas_supplier=scenario.world.third
    )

    scenario.deliver(scenario.activated(0))

    assert scenario.feed(scenario.world.as_supplier) == []
    both = ActivationCode.IMPORT | ActivationCode.GAS
    assert scenario.feed(scenario.world.as_third) == [(EntryKind.HUB_ACTIVATED, scenario.world.guid(0), both)]


def test_an_alert_said_twice_in_two_calls_and_two_forms_counts_once(now):
    scenario = AlertScenario(now)
    alert = scenario.activated(0)
    response = scenario.alert(0, "CS06_RESPONSE", reason="SUCCESS", firmware_version="0C230000")

    scenario.deliver(alert, alert)
    scenario.deliver(alert, response)
    scenario.deliver(scenario.activated(0, anonymous=True))

    assert len(scenario.feed(scenario.world.as_supplier)) == 1
    assert not UnmatchedAlert.objects.exists()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_ends_in_the_same_state(now, order):
    scenario = AlertScenario(now, state=TargetState.DISTRIBUTING)
    alerts = [
        scenario.alert(0, "0x8F72"),
        scenario.alert(0, "CS06_ACCEPTED"),
        scenario.activated(0, minutes=3),
    ]

    for place in order:
        scenario.deliver(alerts[place])

    assert scenario.state(0) == TargetState.ACTIVATED
    assert not HubInFlight.objects.filter(guid=scenario.world.guid(0)).exists()
    kinds = [kind for kind, _, _ in scenario.feed(scenario.world.as_supplier)]
    assert kinds.count(EntryKind.HUB_ACTIVATED) == 1


@pytest.mark.requirement("R4.10")
def test_a_failed_delivery_is_tried_again_and_then_given_up(now):
    scenario = AlertScenario(now, state=TargetState.DISTRIBUTING)

    scenario.deliver(scenario.alert(0, "DELIVERY_FAILED", reason="TRANSFER_FAILED"))
    assert (scenario.state(0), scenario.target(0).code) == (
        TargetState.SCHEDULED,
        FailureCode.TRANSFER_FAILED,
    )
    sql.run("UPDATE rollouts_target SET state = 30, attempts = 5")
    scenario.deliver(scenario.alert(0, "DELIVERY_FAILED", reason="TRANSFER_FAILED", minutes=2))

    assert scenario.state(0) == TargetState.DISTRIBUTION_FAILED
    kinds = [kind for kind, _, _ in scenario.feed(scenario.world.as_supplier)]
    assert kinds == [EntryKind.HUB_RETRYING, EntryKind.HUB_FAILED]
    assert not HubInFlight.objects.filter(guid=scenario.world.guid(0)).exists()


@pytest.mark.parametrize("reason", ["ACTIVATION_FAILURE", "NO_RESPONSE", "REJECTED", "no such reason"])
def test_a_failed_delivery_with_the_reason_of_another_stage_is_a_failed_delivery(now, reason):
    scenario = AlertScenario(now, state=TargetState.DISTRIBUTING)

    scenario.deliver(scenario.alert(0, "DELIVERY_FAILED", reason=reason))

    assert (scenario.state(0), scenario.target(0).code) == (
        TargetState.SCHEDULED,
        FailureCode.TRANSFER_FAILED,
    )


@pytest.mark.parametrize("reason", ["UNREACHABLE", "TOO_LATE", "SUCCESS"])
def test_a_failed_activation_with_the_reason_of_another_stage_is_a_failed_activation(now, reason):
    scenario = AlertScenario(now)

    scenario.deliver(scenario.alert(0, "0x8F67", reason=reason))

    assert (scenario.state(0), scenario.target(0).code) == (
        TargetState.DISTRIBUTED,
        FailureCode.ACTIVATION_FAILURE,
    )


def test_the_failure_of_an_earlier_attempt_does_not_fail_the_present_one(now):
    scenario = AlertScenario(now)
    late = scenario.alert(0, "0x8F67", reason="ACTIVATION_FAILURE")
    anonymous = scenario.alert(1, "0x8F67", anonymous=True, minutes=-5)
    sql.run("UPDATE rollouts_target SET command_id = command_id + 1, attempts = 2")

    scenario.deliver(late, anonymous)

    assert {scenario.state(0), scenario.state(1)} == {TargetState.ACTIVATING}


def test_an_activation_failure_keeps_the_image_and_tries_again(now):
    scenario = AlertScenario(now)

    scenario.deliver(scenario.alert(0, "0x8F67", reason="ACTIVATION_FAILURE", firmware_version="0C220000"))

    assert (scenario.state(0), scenario.target(0).code) == (
        TargetState.DISTRIBUTED,
        FailureCode.ACTIVATION_FAILURE,
    )
    assert Hub.objects.get(guid=scenario.world.guid(0)).cpl_entry_id == scenario.world.current.pk


@pytest.mark.parametrize(("reason", "tries"), [("HASH_MISMATCH", 2), ("NO_IMAGE_HELD", 3)])
def test_an_image_that_never_activates_is_not_sent_for_ever(now, reason, tries):
    scenario = AlertScenario(now)

    for attempt in range(tries):
        assert scenario.state(0) == TargetState.ACTIVATING
        scenario.deliver(scenario.alert(0, "0x8F67", minutes=attempt + 0.1, reason=reason))
        sql.run("UPDATE rollouts_target SET state = 30, attempts = attempts + 1 WHERE state = 20")
        scenario.deliver(scenario.alert(0, "0x8F72", minutes=attempt + 0.2))
        sql.run("UPDATE rollouts_target SET state = 50, attempts = attempts + 1 WHERE state = 40")

    assert scenario.state(0) == TargetState.ACTIVATION_FAILED


@pytest.mark.requirement("R5.6")
def test_an_activation_after_the_halt_is_marked_as_such(now):
    scenario = AlertScenario(now)
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now + timedelta(minutes=5))

    scenario.deliver(scenario.activated(0, minutes=4), scenario.activated(1, minutes=6))

    assert not scenario.target(0).activated_after_halt
    assert scenario.target(1).activated_after_halt


@pytest.mark.requirement("R5.6")
@pytest.mark.parametrize(
    ("status", "ends_in", "attempts"),
    [
        ("SUSPENDED", TargetState.CANCELLED, 1),
        ("SAFE_LAUNCH", TargetState.DISTRIBUTED, 0),
        ("STOPPED", TargetState.WITHDRAWN, 1),
    ],
)
def test_a_cancelled_hub_waits_goes_on_or_leaves_with_its_rollout(now, status, ends_in, attempts):
    scenario = AlertScenario(now)
    sql.run("UPDATE rollouts_target SET state = 55")
    Rollout.objects.update(status=status, stood_at="SAFE_LAUNCH", halted_at=now)

    scenario.deliver(scenario.alert(0, "CANCELLED"), scenario.alert(1, "CANCEL_FAILED", reason="TOO_LATE"))

    assert (scenario.state(0), scenario.target(0).attempts) == (ends_in, attempts)
    assert (scenario.state(1), scenario.target(1).code) == (TargetState.ACTIVATING, FailureCode.CANCEL_FAILED)


@pytest.mark.requirement("R3.11")
@pytest.mark.parametrize(("days", "consents"), [(0, (1, 2, 3, 6)), (100, (5, 5, 5, 6))])
def test_a_hub_recalled_for_its_new_supplier_is_asked_for_again(now, days, consents):
    scenario = AlertScenario(now)
    rollout = scenario.rollout
    Rollout.objects.update(cutoff_at=now + timedelta(days=2 - days))
    sql.run("UPDATE rollouts_target SET state = 55, consent = CASE consent WHEN 6 THEN 6 ELSE 5 END")
    Target.objects.filter(rollout_id=rollout.pk, guid=scenario.world.guid(10)).update(gas_answer=1)

    scenario.deliver(*(scenario.alert(number, "CANCELLED") for number in (0, 9, 10, 18)))

    assert tuple(scenario.target(number).consent for number in (0, 9, 10, 18)) == consents
    assert scenario.state(0) == TargetState.DISTRIBUTED
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_a_batch_that_fails_is_kept_and_does_not_block_the_others(now):
    scenario = AlertScenario(now)
    CspAlertBatch.objects.create(
        csp_id=scenario.world.csp.pk, received_at=now, count=1, payload=b"nonsense\n"
    )
    waiting_alerts = alert_lines.read(orjson.dumps(scenario.activated(0)))
    services.receive_alerts(
        csp_id=scenario.world.csp.pk, copy_text=waiting_alerts.copy_text, count=1, received_at=now
    )

    services.apply_waiting(now=now)
    services.apply_waiting(now=now)

    assert scenario.state(0) == TargetState.ACTIVATED
    assert CspAlertBatch.objects.filter(applied_at=None, attempts__gt=0).count() == 1
