"""Alerts end in the same state whatever is lost, doubled, late or out of order."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import timedelta

import orjson
import pytest
from django.test import Client

from portal.events import feed, sequencer
from portal.events.kinds import ActivationCode, EntryKind
from portal.events.models import FeedOutbox
from portal.identity.models import Organisation
from portal.identity.tokens import issue_token
from portal.kernel import sql
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import (
    Command,
    CplEntry,
    CspAlertBatch,
    Hub,
    HubHistory,
    HubInFlight,
    Rollout,
    Target,
    UnmatchedAlert,
)
from rollouts.states import CommandKind, FailureCode, HistoryKind, SmiStatus, TargetState
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_subscribers(settings):
    settings.EVENT_SUBSCRIBERS = []


class Bench:
    """A rollout of which some hubs have been commanded, and a CSP that reports on them."""

    def __init__(self, now, *, hubs=20, state=TargetState.ACTIVATING):
        self.now = now
        self.world = make_world(hubs=hubs)
        self.rollout = make_rollout(self.world, now=now)
        self.command = Command.objects.create(
            rollout_id=self.rollout.pk,
            kind=CommandKind.ACTIVATE if state == TargetState.ACTIVATING else CommandKind.DISTRIBUTE,
            region=2,
            guids=[self.world.guid(n) for n in range(hubs)],
            hub_count=hubs,
            due_at=now,
            created_at=now,
        )
        sql.run(
            "UPDATE rollouts_target SET state = %(state)s, consent = CASE WHEN consent < 4 THEN 4 ELSE consent END,"
            " command_id = %(command)s, attempts = 1, state_at = %(now)s",
            {"state": int(state), "command": self.command.pk, "now": now},
        )
        sql.run(
            "INSERT INTO rollouts_hub_in_flight SELECT guid, %(id)s FROM rollouts_target",
            {"id": self.rollout.pk},
        )

    def alert(self, number, code, *, anonymous=False, minutes=1, guid=None, **more):
        return {
            "alert_id": str(uuid.uuid4()),
            "guid": text(guid if guid is not None else self.world.guid(number)),
            "code": code,
            "occurred_at": (self.now + timedelta(minutes=minutes)).isoformat(),
            **({} if anonymous else {"command_id": str(self.command.pk)}),
            **more,
        }

    def activated(self, number, **more):
        return self.alert(number, "0x8F66", **{"firmware_version": "0C230000", **more})

    def deliver(self, *alerts, csp: Organisation | None = None):
        lines = alert_lines.read(b"\n".join(orjson.dumps(alert) for alert in alerts))
        assert not lines.problems
        services.receive_alerts(
            csp_id=(csp or self.world.csp).pk,
            copy_text=lines.copy_text,
            count=lines.count,
            received_at=self.now,
        )
        return services.apply_next_batch(now=self.now + timedelta(minutes=2))

    def state(self, number):
        target = Target.objects.get(guid=self.world.guid(number), rollout_id=self.rollout.pk)
        return TargetState(target.state)

    def target(self, number):
        return Target.objects.get(guid=self.world.guid(number), rollout_id=self.rollout.pk)

    def feed(self, scope):
        sequencer.sequence_all()
        return [(entry.kind, entry.guid, entry.code) for entry in feed.entries_after(scope, 0)]


def roles_of(world):
    """The Suppliers of a hub with two, each with the role in which it answers for it."""
    return [(world.as_supplier, ActivationCode.IMPORT), (world.as_other, ActivationCode.GAS)]


def read_command(bench):
    return Command.objects.create(
        rollout_id=bench.rollout.pk,
        kind=CommandKind.READ,
        region=2,
        guids=[],
        hub_count=0,
        due_at=bench.now,
        created_at=bench.now,
    )


def text(db_guid: int) -> str:
    return "-".join(f"{octet:02X}" for octet in (db_guid + 2**63).to_bytes(8, "big"))


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
    bench = Bench(now)
    world = bench.world

    bench.deliver(*(bench.activated(number) for number in range(20)))

    hub = Hub.objects.get(guid=world.guid(9))
    assert (hub.cpl_entry_id, hub.gpf_cpl_entry_id) == (world.target.pk, world.target.pk)
    assert {bench.state(number) for number in range(20)} == {TargetState.ACTIVATED}
    of_supplier = {guid for kind, guid, _ in bench.feed(world.as_supplier) if kind == EntryKind.HUB_ACTIVATED}
    assert of_supplier == {world.guid(number) for number in range(16)}
    of_other = {guid for kind, guid, _ in bench.feed(world.as_other) if kind == EntryKind.HUB_ACTIVATED}
    assert of_other == {world.guid(number) for number in (9, 10, 11, 16, 17, 19)}
    entry = feed.entries_after(world.as_supplier, 0)[0]
    assert entry.version_id == world.target.pk
    history = HubHistory.objects.filter(guid=world.guid(9)).values_list("old_value", "new_value")
    assert list(history) == [("0C220000", "0C230000")]
    assert not HubInFlight.objects.exists()
    assert services.measure_drift(rollout_id=bench.rollout.pk).total == 0


@pytest.mark.requirement("R4.7")
def test_the_alert_goes_to_whoever_is_responsible_at_that_moment(now):
    bench = Bench(now)
    Hub.objects.filter(guid=bench.world.guid(0)).update(
        import_supplier=bench.world.third, gas_supplier=bench.world.third
    )

    bench.deliver(bench.activated(0))

    assert bench.feed(bench.world.as_supplier) == []
    both = ActivationCode.IMPORT | ActivationCode.GAS
    assert bench.feed(bench.world.as_third) == [(EntryKind.HUB_ACTIVATED, bench.world.guid(0), both)]


def test_an_alert_said_twice_in_two_calls_and_two_forms_counts_once(now):
    bench = Bench(now)
    alert = bench.activated(0)
    response = bench.alert(0, "CS06_RESPONSE", reason="SUCCESS", firmware_version="0C230000")

    bench.deliver(alert, alert)
    bench.deliver(alert, response)
    bench.deliver(bench.activated(0, anonymous=True))

    assert len(bench.feed(bench.world.as_supplier)) == 1
    assert not UnmatchedAlert.objects.exists()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_ends_in_the_same_state(now, order):
    bench = Bench(now, state=TargetState.DISTRIBUTING)
    alerts = [
        bench.alert(0, "0x8F72"),
        bench.alert(0, "CS06_ACCEPTED"),
        bench.activated(0, minutes=3),
    ]

    for place in order:
        bench.deliver(alerts[place])

    assert bench.state(0) == TargetState.ACTIVATED
    assert not HubInFlight.objects.filter(guid=bench.world.guid(0)).exists()
    kinds = [kind for kind, _, _ in bench.feed(bench.world.as_supplier)]
    assert kinds.count(EntryKind.HUB_ACTIVATED) == 1


@pytest.mark.requirement("R4.10")
def test_a_failed_delivery_is_tried_again_and_then_given_up(now):
    bench = Bench(now, state=TargetState.DISTRIBUTING)

    bench.deliver(bench.alert(0, "DELIVERY_FAILED", reason="TRANSFER_FAILED"))
    assert (bench.state(0), bench.target(0).code) == (TargetState.SCHEDULED, FailureCode.TRANSFER_FAILED)
    sql.run("UPDATE rollouts_target SET state = 30, attempts = 5")
    bench.deliver(bench.alert(0, "DELIVERY_FAILED", reason="TRANSFER_FAILED", minutes=2))

    assert bench.state(0) == TargetState.DISTRIBUTION_FAILED
    kinds = [kind for kind, _, _ in bench.feed(bench.world.as_supplier)]
    assert kinds == [EntryKind.HUB_RETRYING, EntryKind.HUB_FAILED]
    assert not HubInFlight.objects.filter(guid=bench.world.guid(0)).exists()


@pytest.mark.requirement("R4.11")
@pytest.mark.parametrize("reason", ["ACTIVATION_FAILURE", "NO_RESPONSE", "REJECTED", "no such reason"])
def test_a_failed_delivery_with_the_reason_of_another_stage_is_a_failed_delivery(now, reason):
    bench = Bench(now, state=TargetState.DISTRIBUTING)

    bench.deliver(bench.alert(0, "DELIVERY_FAILED", reason=reason))

    assert (bench.state(0), bench.target(0).code) == (TargetState.SCHEDULED, FailureCode.TRANSFER_FAILED)


@pytest.mark.requirement("R4.11")
@pytest.mark.parametrize("reason", ["UNREACHABLE", "TOO_LATE", "SUCCESS"])
def test_a_failed_activation_with_the_reason_of_another_stage_is_a_failed_activation(now, reason):
    bench = Bench(now)

    bench.deliver(bench.alert(0, "0x8F67", reason=reason))

    assert (bench.state(0), bench.target(0).code) == (TargetState.DISTRIBUTED, FailureCode.ACTIVATION_FAILURE)


def test_the_failure_of_an_earlier_attempt_does_not_fail_the_present_one(now):
    bench = Bench(now)
    late = bench.alert(0, "0x8F67", reason="ACTIVATION_FAILURE")
    anonymous = bench.alert(1, "0x8F67", anonymous=True, minutes=-5)
    sql.run("UPDATE rollouts_target SET command_id = command_id + 1, attempts = 2")

    bench.deliver(late, anonymous)

    assert {bench.state(0), bench.state(1)} == {TargetState.ACTIVATING}


def test_an_activation_failure_keeps_the_image_and_tries_again(now):
    bench = Bench(now)

    bench.deliver(bench.alert(0, "0x8F67", reason="ACTIVATION_FAILURE", firmware_version="0C220000"))

    assert (bench.state(0), bench.target(0).code) == (TargetState.DISTRIBUTED, FailureCode.ACTIVATION_FAILURE)
    assert Hub.objects.get(guid=bench.world.guid(0)).cpl_entry_id == bench.world.current.pk


@pytest.mark.requirement("R4.11")
@pytest.mark.parametrize(("reason", "tries"), [("HASH_MISMATCH", 2), ("NO_IMAGE_HELD", 3)])
def test_an_image_that_never_activates_is_not_sent_for_ever(now, reason, tries):
    bench = Bench(now)

    for attempt in range(tries):
        assert bench.state(0) == TargetState.ACTIVATING
        bench.deliver(bench.alert(0, "0x8F67", minutes=attempt + 0.1, reason=reason))
        sql.run("UPDATE rollouts_target SET state = 30, attempts = attempts + 1 WHERE state = 20")
        bench.deliver(bench.alert(0, "0x8F72", minutes=attempt + 0.2))
        sql.run("UPDATE rollouts_target SET state = 50, attempts = attempts + 1 WHERE state = 40")

    assert bench.state(0) == TargetState.ACTIVATION_FAILED


@pytest.mark.requirement("R5.6")
def test_an_activation_after_the_halt_is_marked_as_such(now):
    bench = Bench(now)
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now + timedelta(minutes=5))

    bench.deliver(bench.activated(0, minutes=4), bench.activated(1, minutes=6))

    assert not bench.target(0).activated_after_halt
    assert bench.target(1).activated_after_halt


@pytest.mark.requirement("R5.6")
@pytest.mark.parametrize(("due", "is_after"), [(4, False), (6, True)])
def test_a_reading_after_the_halt_says_nothing_of_an_activation_that_was_due_before_it(now, due, is_after):
    bench = Bench(now)
    Command.objects.filter(pk=bench.command.pk).update(execute_at=now + timedelta(minutes=due))
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now + timedelta(minutes=5))
    reading = read_command(bench)

    bench.deliver(
        bench.alert(0, "READ_RESULT", minutes=9, firmware_version="0C230000", command_id=str(reading.pk))
    )

    assert bench.state(0) == TargetState.ACTIVATED
    assert bench.target(0).activated_after_halt is is_after


@pytest.mark.requirement("R4.11")
def test_an_alert_that_fits_nothing_is_kept_for_the_dcc(now):
    bench = Bench(now)
    stranger = Organisation.objects.create(kind="CSP", name="CSP North")
    HubInFlight.objects.filter(guid=bench.world.guid(3)).delete()
    sql.run("UPDATE rollouts_target SET command_id = NULL WHERE guid = %(g)s", {"g": bench.world.guid(3)})

    bench.deliver(bench.activated(0), csp=stranger)
    bench.deliver(
        bench.activated(0, guid=12345),
        bench.alert(1, "0xFFFF"),
        bench.activated(2, firmware_version="0C990000"),
        bench.alert(3, "0x8F72", anonymous=True),
        bench.activated(4),
    )

    records = dict(UnmatchedAlert.objects.values_list("guid", "why"))
    assert records == {
        bench.world.guid(0): "WRONG_CSP",
        12345: "UNKNOWN_HUB",
        bench.world.guid(1): "UNKNOWN_CODE",
        bench.world.guid(2): "UNKNOWN_VERSION",
        bench.world.guid(3): "NO_ROLLOUT",
    }
    assert bench.state(0) == TargetState.ACTIVATING
    assert [guid for _, guid, _ in bench.feed(bench.world.as_supplier)] == [bench.world.guid(4)]


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("code", ["0x8F66", "CS06_RESPONSE", "READ_RESULT"])
@pytest.mark.parametrize("place", ["none", "another version", "withdrawn", "another rollout"])
def test_an_activation_outside_its_rollout_reaches_the_inventory_and_the_suppliers(now, code, place):
    bench = Bench(now)
    world, guid, version = bench.world, bench.world.guid(9), "0C230000"
    Hub.objects.filter(guid=guid).update(smi_status=SmiStatus.SUSPENDED, gpf_status=SmiStatus.SUSPENDED)
    if place == "none":
        sql.run("DELETE FROM rollouts_target WHERE guid = %(guid)s", {"guid": guid})
    if place == "withdrawn":
        Target.objects.filter(guid=guid).update(state=TargetState.CANCELLING)
        Target.objects.filter(guid=guid).update(state=TargetState.WITHDRAWN, command_id=None)
    if place == "another version":
        version = "0C240000"
        CplEntry.objects.create(device_model=world.model, firmware_version=version, image_sha256=bytes(32))
    if place == "another rollout":
        make_rollout(world, now=now)
        Rollout.objects.filter(pk=bench.rollout.pk).update(cpl_entry=world.oldest)
    if place != "another version":
        HubInFlight.objects.filter(guid=guid).delete()
    more = {"reason": "SUCCESS"} if code == "CS06_RESPONSE" else {}
    alert = bench.alert(9, code, anonymous=True, firmware_version=version, **more)

    bench.deliver(alert)
    bench.deliver(alert, {**alert, "alert_id": str(uuid.uuid4())})

    hub = Hub.objects.select_related("cpl_entry", "gpf_cpl_entry").get(guid=guid)
    assert (hub.cpl_entry.firmware_version, hub.gpf_cpl_entry.firmware_version) == (version, version)
    assert (hub.smi_status, hub.gpf_status) == (SmiStatus.COMMISSIONED, SmiStatus.COMMISSIONED)
    for scope, role in roles_of(world):
        assert bench.feed(scope) == [(EntryKind.HUB_ACTIVATED, guid, role)]
    assert bench.feed(world.as_third) == []
    assert not UnmatchedAlert.objects.exists()


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("code", ["0x8F66", "CS06_RESPONSE", "READ_RESULT"])
@pytest.mark.parametrize("place", ["none", "activated"])
def test_a_suspended_hub_confirmed_on_the_version_it_has_is_suspended_no_longer(now, code, place):
    bench = Bench(now)
    world, guid = bench.world, bench.world.guid(9)
    version = {"none": "0C220000", "activated": "0C230000"}[place]
    if place == "activated":
        bench.deliver(bench.activated(9))
        Hub.objects.filter(guid=guid).update(smi_status=SmiStatus.SUSPENDED, gpf_status=SmiStatus.SUSPENDED)
    else:
        sql.run("DELETE FROM rollouts_target WHERE guid = %(guid)s", {"guid": guid})
        HubInFlight.objects.filter(guid=guid).delete()
        Hub.objects.filter(guid=guid).update(smi_status=SmiStatus.SUSPENDED, gpf_status=SmiStatus.SUSPENDED)
    before = len(bench.feed(world.as_supplier))
    more = {"reason": "SUCCESS"} if code == "CS06_RESPONSE" else {}
    alert = bench.alert(9, code, anonymous=True, minutes=3, firmware_version=version, **more)

    bench.deliver(alert)
    bench.deliver(alert, {**alert, "alert_id": str(uuid.uuid4())})

    hub = Hub.objects.get(guid=guid)
    assert (hub.smi_status, hub.gpf_status) == (SmiStatus.COMMISSIONED, SmiStatus.COMMISSIONED)
    assert hub.cpl_entry.firmware_version == version
    for scope, role in roles_of(world):
        assert bench.feed(scope)[before:] == [(EntryKind.HUB_ACTIVATED, guid, role)]
    assert bench.feed(world.as_third) == []
    assert HubHistory.objects.filter(guid=guid, new_value="Commissioned").count() == 1
    assert not UnmatchedAlert.objects.exists()


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize("reason", ["off the CPL", "suspended since"])
def test_a_hub_stays_suspended_where_its_version_left_the_cpl_or_the_news_is_older(now, reason):
    bench = Bench(now)
    guid = bench.world.guid(9)
    Hub.objects.filter(guid=guid).update(smi_status=SmiStatus.SUSPENDED, gpf_status=SmiStatus.SUSPENDED)
    if reason == "off the CPL":
        CplEntry.objects.filter(pk=bench.world.current.pk).update(status="CANCELLED")
    else:
        HubHistory.objects.create(
            guid=guid, at=now + timedelta(minutes=5), kind=HistoryKind.STATUS, new_value="Suspended"
        )

    bench.deliver(bench.alert(9, "READ_RESULT", anonymous=True, firmware_version="0C220000"))

    hub = Hub.objects.get(guid=guid)
    assert (hub.smi_status, hub.gpf_status) == (SmiStatus.SUSPENDED, SmiStatus.SUSPENDED)


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("state", [TargetState.ELIGIBLE, TargetState.SCHEDULED, TargetState.NO_CONFIRMATION])
def test_a_reading_moves_a_hub_that_somebody_else_has_upgraded(now, asked, state):
    bench = Bench(now)
    world, guid = bench.world, bench.world.guid(9)
    sql.run("DELETE FROM rollouts_target")
    HubInFlight.objects.all().delete()
    second = make_rollout(world, now=now)
    Rollout.objects.filter(pk=bench.rollout.pk).update(status="STOPPED")
    sql.run(
        "UPDATE rollouts_target SET state = %(state)s, consent = 4 WHERE rollout_id = %(id)s",
        {"state": int(state), "id": second.pk},
    )
    reading = Command.objects.create(
        kind=CommandKind.READ, region=2, guids=[], hub_count=0, due_at=now, created_at=now,
        requested_by_id=world.supplier.pk,
    )  # fmt: skip
    more = {"command_id": str(reading.pk)} if asked else {"anonymous": True}

    bench.deliver(bench.alert(9, "READ_RESULT", firmware_version="0C230000", **more))
    old = bench.alert(8, "READ_RESULT", anonymous=True, firmware_version="0C220000")
    bench.deliver(old)

    states = dict(Target.objects.filter(rollout_id=second.pk).values_list("guid", "state"))
    assert states[guid] == TargetState.ACTIVATED
    assert states[world.guid(8)] == state
    assert Hub.objects.get(guid=guid).cpl_entry_id == world.target.pk
    for scope, role in roles_of(world):
        assert [entry for entry in bench.feed(scope) if entry[0] == EntryKind.HUB_ACTIVATED] == [
            (EntryKind.HUB_ACTIVATED, guid, role)
        ]
    assert services.measure_drift(rollout_id=second.pk).total == 0


@pytest.mark.requirement("R4.11")
def test_an_alert_sent_by_mistake_for_another_csp_counts_once_its_own_sends_it(now):
    bench = Bench(now)
    stranger = Organisation.objects.create(kind="CSP", name="CSP North")
    alert = bench.activated(0)

    bench.deliver(alert, csp=stranger)
    bench.deliver(alert, csp=stranger)
    assert bench.state(0) == TargetState.ACTIVATING
    bench.deliver(alert)
    bench.deliver(alert)

    assert bench.state(0) == TargetState.ACTIVATED
    assert UnmatchedAlert.objects.get().why == "WRONG_CSP"
    assert len(bench.feed(bench.world.as_supplier)) == 1


@pytest.mark.requirement("R4.8")
def test_a_reading_confirms_an_activation_nobody_reported(now):
    bench = Bench(now)
    reading = Command.objects.create(
        rollout_id=bench.rollout.pk,
        kind=CommandKind.READ,
        region=2,
        guids=[],
        hub_count=0,
        due_at=now,
        created_at=now,
    )
    new = bench.alert(0, "READ_RESULT", firmware_version="0C230000", command_id=str(reading.pk))
    old = bench.alert(1, "READ_RESULT", firmware_version="0C220000", command_id=str(reading.pk))

    bench.deliver(new, old)

    assert bench.state(0) == TargetState.ACTIVATED
    assert (bench.state(1), bench.target(1).code) == (TargetState.DISTRIBUTED, FailureCode.READ_OLD_VERSION)


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize("together", [True, False])
def test_a_reading_from_before_an_activation_does_not_turn_the_inventory_back(now, together):
    bench = Bench(now)
    reading = read_command(bench)
    read = bench.alert(0, "READ_RESULT", minutes=1, firmware_version="0C220000", command_id=str(reading.pk))
    activated = bench.activated(0, minutes=1.5)

    if together:
        bench.deliver(activated, read)
    else:
        bench.deliver(activated)
        bench.deliver(read)

    assert bench.state(0) == TargetState.ACTIVATED
    assert Hub.objects.get(guid=bench.world.guid(0)).cpl_entry_id == bench.world.target.pk


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize("is_late", [True, False])
def test_news_of_an_earlier_rollout_that_comes_late_does_not_turn_the_inventory_back(now, is_late):
    bench = Bench(now)
    later = CplEntry.objects.create(
        device_model=bench.world.model, firmware_version="0C240000", image_sha256=bytes(32)
    )
    Rollout.objects.update(status="STOPPED", halted_at=now)
    second = make_rollout(bench.world, now=now)
    Rollout.objects.filter(pk=second.pk).update(cpl_entry=later)
    HubInFlight.objects.update(rollout_id=second.pk)
    notices = [
        bench.activated(0),
        bench.activated(0, anonymous=True, minutes=2, firmware_version="0C240000"),
    ]

    for alert in reversed(notices) if is_late else notices:
        bench.deliver(alert)

    hub = Hub.objects.get(guid=bench.world.guid(0))
    assert (hub.cpl_entry_id, hub.gpf_cpl_entry_id) == (later.pk, later.pk)
    assert set(Target.objects.filter(guid=hub.guid).values_list("state", flat=True)) == {
        TargetState.ACTIVATED
    }
    kinds = [kind for kind, _, _ in bench.feed(bench.world.as_supplier)]
    assert kinds.count(EntryKind.HUB_ACTIVATED) == 2


def test_a_reading_from_before_an_activation_does_not_fail_it(now):
    bench = Bench(now)
    Command.objects.filter(pk=bench.command.pk).update(claimed_at=now, execute_at=now + timedelta(minutes=5))
    reading = read_command(bench)
    before, after = (
        bench.alert(
            number, "READ_RESULT", minutes=at, firmware_version="0C220000", command_id=str(reading.pk)
        )
        for number, at in ((0, 4), (1, 6))
    )

    bench.deliver(before, after)

    assert bench.state(0) == TargetState.ACTIVATING
    assert bench.state(1) == TargetState.DISTRIBUTED


@pytest.mark.requirement("R4.11")
def test_a_complete_rollout_takes_no_hub_up_again(now):
    bench = Bench(now, state=TargetState.DISTRIBUTION_FAILED)
    sql.run("UPDATE rollouts_target SET state = 52 WHERE guid = %(g)s", {"g": bench.world.guid(1)})
    HubInFlight.objects.all().delete()
    Rollout.objects.update(status="COMPLETE")
    reading = read_command(bench)

    bench.deliver(
        bench.alert(0, "0x8F72"),
        bench.alert(1, "READ_RESULT", firmware_version="0C220000", command_id=str(reading.pk)),
        bench.activated(2),
    )

    assert bench.state(0) == TargetState.DISTRIBUTION_FAILED
    assert (bench.state(1), bench.target(1).code) == (
        TargetState.ACTIVATION_FAILED,
        FailureCode.READ_OLD_VERSION,
    )
    assert bench.state(2) == TargetState.ACTIVATED
    assert not HubInFlight.objects.exists()
    assert not UnmatchedAlert.objects.exists()


def test_a_late_verification_takes_no_hub_from_the_rollout_that_has_it_now(now):
    bench = Bench(now, state=TargetState.DISTRIBUTION_FAILED)
    HubInFlight.objects.filter(guid=bench.world.guid(0)).update(rollout_id=bench.rollout.pk + 1)
    HubInFlight.objects.filter(guid=bench.world.guid(1)).delete()

    bench.deliver(bench.alert(0, "0x8F72"), bench.alert(1, "0x8F72"))

    assert bench.state(0) == TargetState.DISTRIBUTION_FAILED
    assert bench.state(1) == TargetState.DISTRIBUTED


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("state", [TargetState.DISTRIBUTING, TargetState.ACTIVATING])
def test_whatever_order_all_a_hub_can_say_comes_in_it_ends_activated_and_told_once(now, state):
    orders = list(itertools.permutations(range(6)))[:: 3 if state == TargetState.ACTIVATING else 4]
    bench = Bench(now, hubs=len(orders), state=state)
    Command.objects.update(claimed_at=now, sent_at=now)
    reading, requested = read_command(bench), read_command(bench)
    Command.objects.filter(pk=requested.pk).update(rollout_id=None, requested_by_id=bench.world.supplier.pk)
    alerts = [
        (
            bench.alert(hub, "DELIVERY_FAILED", minutes=1, reason="UNREACHABLE"),
            bench.alert(hub, "0x8F72", minutes=2),
            bench.alert(hub, "READ_RESULT", minutes=3, firmware_version="0C220000", command_id=reading.pk),
            bench.alert(hub, "READ_RESULT", minutes=4, firmware_version="0C220000", command_id=requested.pk),
            bench.activated(hub, minutes=5),
            bench.alert(hub, "READ_RESULT", minutes=6, firmware_version="0C230000", command_id=requested.pk),
        )
        for hub in range(len(orders))
    ]

    for step in range(6):
        bench.deliver(*(alerts[hub][order[step]] for hub, order in enumerate(orders)))

    assert not Target.objects.exclude(state=TargetState.ACTIVATED).exists()
    assert not Hub.objects.exclude(cpl_entry_id=bench.world.target.pk).exists()
    assert not HubInFlight.objects.exists()
    suppliers = Hub.objects.values_list("import_supplier_id", "gas_supplier_id")
    entries = FeedOutbox.objects.filter(kind=EntryKind.HUB_ACTIVATED).count()
    assert entries == sum(len(set(pair) - {None}) for pair in suppliers)
    assert services.measure_drift(rollout_id=bench.rollout.pk).total == 0


@pytest.mark.requirement("R4.8")
def test_a_reading_on_request_is_forwarded_to_whoever_asked_and_corrects_the_inventory(now):
    bench = Bench(now)
    sql.run("UPDATE rollouts_target SET state = 10")
    records = Command.objects.create(
        kind=CommandKind.READ,
        region=2,
        guids=[],
        hub_count=0,
        due_at=now,
        created_at=now,
        requested_by_id=bench.world.supplier.pk,
    )

    bench.deliver(bench.alert(0, "READ_RESULT", firmware_version="0C210000", command_id=str(records.pk)))

    assert Hub.objects.get(guid=bench.world.guid(0)).cpl_entry_id == bench.world.oldest.pk
    kinds = [kind for kind, _, _ in bench.feed(bench.world.as_supplier)]
    assert sorted(kinds) == [EntryKind.HUB_ACTIVATED, EntryKind.HUB_VERSION_READ]
    assert bench.feed(bench.world.as_other) == []


@pytest.mark.requirement("R4.8")
def test_everybody_who_asked_for_a_reading_is_answered_when_the_answers_come_together(now):
    bench = Bench(now)
    readings = [read_command(bench) for _ in range(4)]
    for command, party in zip(readings, (bench.world.supplier, bench.world.other, None, None), strict=True):
        if party:
            Command.objects.filter(pk=command.pk).update(rollout_id=None, requested_by_id=party.pk)
    answers = [
        bench.alert(9, "READ_RESULT", minutes=at, firmware_version="0C210000", command_id=str(command.pk))
        for at, command in enumerate(readings[:3], start=1)
    ]
    lost = bench.alert(9, "READ_RESULT", minutes=9, reason="NO_RESPONSE", command_id=str(readings[3].pk))

    bench.deliver(*answers, lost)

    for scope in (bench.world.as_supplier, bench.world.as_other):
        assert [kind for kind, *_ in bench.feed(scope)].count(EntryKind.HUB_VERSION_READ) == 1
    assert Hub.objects.get(guid=bench.world.guid(9)).cpl_entry_id == bench.world.oldest.pk
    assert HubHistory.objects.filter(guid=bench.world.guid(9), kind=6).count() == 4


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
    bench = Bench(now)
    sql.run("UPDATE rollouts_target SET state = 55")
    Rollout.objects.update(status=status, stood_at="SAFE_LAUNCH", halted_at=now)

    bench.deliver(bench.alert(0, "CANCELLED"), bench.alert(1, "CANCEL_FAILED", reason="TOO_LATE"))

    assert (bench.state(0), bench.target(0).attempts) == (ends_in, attempts)
    assert (bench.state(1), bench.target(1).code) == (TargetState.ACTIVATING, FailureCode.CANCEL_FAILED)


@pytest.mark.requirement("R3.11")
@pytest.mark.parametrize(("days", "consents"), [(0, (1, 2, 3, 6)), (100, (5, 5, 5, 6))])
def test_a_hub_recalled_for_its_new_supplier_is_asked_for_again(now, days, consents):
    bench = Bench(now)
    rollout = bench.rollout
    Rollout.objects.update(cutoff_at=now + timedelta(days=2 - days))
    sql.run("UPDATE rollouts_target SET state = 55, consent = CASE consent WHEN 6 THEN 6 ELSE 5 END")
    Target.objects.filter(rollout_id=rollout.pk, guid=bench.world.guid(10)).update(gas_answer=1)

    bench.deliver(*(bench.alert(number, "CANCELLED") for number in (0, 9, 10, 18)))

    assert tuple(bench.target(number).consent for number in (0, 9, 10, 18)) == consents
    assert bench.state(0) == TargetState.DISTRIBUTED
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R5.6")
def test_the_answer_to_an_earlier_cancel_does_not_hide_that_to_the_present_one(now):
    bench = Bench(now)
    sql.run("UPDATE rollouts_target SET state = 55")
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now)
    earlier = read_command(bench)
    Command.objects.filter(pk=earlier.pk).update(kind=CommandKind.CANCEL)

    bench.deliver(
        bench.alert(0, "CANCELLED", minutes=1),
        bench.alert(0, "CANCEL_FAILED", minutes=2, reason="UNREACHABLE", command_id=str(earlier.pk)),
    )

    assert bench.state(0) == TargetState.CANCELLED


def test_a_batch_that_fails_is_kept_and_does_not_block_the_others(now):
    bench = Bench(now)
    CspAlertBatch.objects.create(csp_id=bench.world.csp.pk, received_at=now, count=1, payload=b"nonsense\n")
    bench_alerts = alert_lines.read(orjson.dumps(bench.activated(0)))
    services.receive_alerts(
        csp_id=bench.world.csp.pk, copy_text=bench_alerts.copy_text, count=1, received_at=now
    )

    services.apply_waiting(now=now)
    services.apply_waiting(now=now)

    assert bench.state(0) == TargetState.ACTIVATED
    assert CspAlertBatch.objects.filter(applied_at=None, attempts__gt=0).count() == 1


class TestTheEndpoint:
    def post(self, body, **headers):
        return Client().post(
            "/csp/v1/alerts",
            data=body,
            content_type="application/x-ndjson",
            headers=dict(headers.items()),
        )

    def test_it_stores_before_it_answers(self, now):
        bench = Bench(now)
        token = issue_token(bench.world.csp, name="gateway", now=now)

        answer = self.post(orjson.dumps(bench.activated(0)), authorization=f"Bearer {token}")

        assert answer.status_code == 202
        assert answer.json()["accepted"] == 1
        assert CspAlertBatch.objects.filter(applied_at=None).count() == 1

    def test_a_bad_line_is_named_and_nothing_is_stored(self, now):
        bench = Bench(now)
        token = issue_token(bench.world.csp, name="gateway", now=now)
        body = orjson.dumps(bench.activated(0)) + b'\n{"alert_id": "x"}\nnot json\n'

        answer = self.post(body, authorization=f"Bearer {token}")

        assert answer.status_code == 422
        assert [line["line"] for line in answer.json()["lines"]] == [2, 3]
        assert not CspAlertBatch.objects.exists()

    @pytest.mark.parametrize(
        "odd",
        [
            {"alert_id": "0123456789abcdef0123456789abcde\tf"},
            {"alert_id": "0123456789abcdef\n0123456789abcdef"},
            {"alert_id": "0-123456789abcdef0123456789abcde-f"},
            {"occurred_at": "2030-W10-1T10:00:00Z"},
            {"occurred_at": "2030-03-04\t10:00:00Z"},
            {"occurred_at": "20300304T100000,5Z"},
            {"occurred_at": "2030-03-04T10:00:00+00:00:00.5"},
            {"occurred_at": "0001-01-01T00:00:00+14:00"},
            {"command_id": str(2**63)},
            {"command_id": 10**30},
            {"command_id": -1},
            {"command_id": "12_\u0661"},
            {"command_id": float("1e300")},
            {"firmware_version": "0C23\t000"},
            {"firmware_version": "ﬀﬀﬀﬀﬀ"},
        ],
        ids=repr,
    )
    def test_what_is_stored_can_be_applied(self, now, odd):
        bench = Bench(now)
        token = issue_token(bench.world.csp, name="gateway", now=now)
        body = json.dumps(bench.activated(0, **odd)) + "\n" + json.dumps(bench.activated(1))

        answer = self.post(body.encode(), authorization=f"Bearer {token}")

        services.apply_waiting(now=now)
        assert not CspAlertBatch.objects.filter(applied_at=None).exists()
        taken = answer.status_code == 202
        assert (bench.state(1) == TargetState.ACTIVATED) is taken
        assert taken or [line["line"] for line in answer.json()["lines"]] == [1]

    @pytest.mark.parametrize("token", ["", "wrong"])
    def test_it_wants_the_token_of_a_csp(self, now, token):
        bench = Bench(now)
        issue_token(bench.world.supplier, name="not a CSP", now=now, secret="supplier-secret")

        for secret in (token, "supplier-secret"):
            answer = self.post(orjson.dumps(bench.activated(0)), authorization=f"Bearer {secret}")
            assert answer.status_code == 401
