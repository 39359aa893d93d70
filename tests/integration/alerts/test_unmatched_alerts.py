"""Alerts that fit no command: kept for the DCC, and what the inventory learns of them all the same."""

from __future__ import annotations

import uuid
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
    HubHistory,
    HubInFlight,
    Rollout,
    Target,
    UnmatchedAlert,
)
from rollouts.states import CommandKind, HistoryKind, SmiStatus, TargetState
from tests.factories import make_rollout
from tests.integration.alerting import AlertScenario, roles_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_subscribers")]


@pytest.mark.requirement("R4.11")
def test_an_alert_that_fits_nothing_is_kept_for_the_dcc(now):
    scenario = AlertScenario(now)
    stranger = Organisation.objects.create(kind="CSP", name="CSP North")
    HubInFlight.objects.filter(guid=scenario.world.guid(3)).delete()
    sql.run("UPDATE rollouts_target SET command_id = NULL WHERE guid = %(g)s", {"g": scenario.world.guid(3)})

    scenario.deliver(scenario.activated(0), csp=stranger)
    scenario.deliver(
        scenario.activated(0, guid=12345),
        scenario.alert(1, "0xFFFF"),
        scenario.activated(2, firmware_version="0C990000"),
        scenario.alert(3, "0x8F72", anonymous=True),
        scenario.activated(4),
    )

    records = dict(UnmatchedAlert.objects.values_list("guid", "why"))
    assert records == {
        scenario.world.guid(0): "WRONG_CSP",
        12345: "UNKNOWN_HUB",
        scenario.world.guid(1): "UNKNOWN_CODE",
        scenario.world.guid(2): "UNKNOWN_VERSION",
        scenario.world.guid(3): "NO_ROLLOUT",
    }
    assert scenario.state(0) == TargetState.ACTIVATING
    assert [guid for _, guid, _ in scenario.feed(scenario.world.as_supplier)] == [scenario.world.guid(4)]


def test_a_failure_of_somebody_elses_command_fails_no_hub(now):
    scenario = AlertScenario(now)

    scenario.deliver(
        scenario.alert(3, "DELIVERY_FAILED", reason="UNREACHABLE", command_id="somebody else's 7")
    )

    assert scenario.state(3) == TargetState.ACTIVATING


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("code", ["0x8F66", "CS06_RESPONSE", "READ_RESULT"])
@pytest.mark.parametrize("place", ["none", "another version", "withdrawn", "another rollout"])
@pytest.mark.parametrize("command", [{}, {"command_id": "somebody else's 7"}])
def test_an_activation_outside_its_rollout_reaches_the_inventory_and_the_suppliers(now, code, place, command):
    scenario = AlertScenario(now)
    world, guid, version = scenario.world, scenario.world.guid(9), "0C230000"
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
        Rollout.objects.filter(pk=scenario.rollout.pk).update(cpl_entry=world.oldest)
    if place != "another version":
        HubInFlight.objects.filter(guid=guid).delete()
    more = {"reason": "SUCCESS"} if code == "CS06_RESPONSE" else {}
    alert = scenario.alert(9, code, anonymous=True, firmware_version=version, **more, **command)

    scenario.deliver(alert)
    scenario.deliver(alert, {**alert, "alert_id": str(uuid.uuid4())})

    hub = Hub.objects.select_related("cpl_entry", "gpf_cpl_entry").get(guid=guid)
    assert (hub.cpl_entry.firmware_version, hub.gpf_cpl_entry.firmware_version) == (version, version)
    assert (hub.smi_status, hub.gpf_status) == (SmiStatus.COMMISSIONED, SmiStatus.COMMISSIONED)
    for scope, role in roles_of(world):
        assert scenario.feed(scope) == [(EntryKind.HUB_ACTIVATED, guid, role)]
    assert scenario.feed(world.as_third) == []
    assert not UnmatchedAlert.objects.exists()


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("code", ["0x8F66", "CS06_RESPONSE", "READ_RESULT"])
@pytest.mark.parametrize("place", ["none", "activated"])
def test_a_suspended_hub_confirmed_on_the_version_it_has_is_suspended_no_longer(now, code, place):
    scenario = AlertScenario(now)
    world, guid = scenario.world, scenario.world.guid(9)
    version = {"none": "0C220000", "activated": "0C230000"}[place]
    if place == "activated":
        scenario.deliver(scenario.activated(9))
        Hub.objects.filter(guid=guid).update(smi_status=SmiStatus.SUSPENDED, gpf_status=SmiStatus.SUSPENDED)
    else:
        sql.run("DELETE FROM rollouts_target WHERE guid = %(guid)s", {"guid": guid})
        HubInFlight.objects.filter(guid=guid).delete()
        Hub.objects.filter(guid=guid).update(smi_status=SmiStatus.SUSPENDED, gpf_status=SmiStatus.SUSPENDED)
    before = len(scenario.feed(world.as_supplier))
    more = {"reason": "SUCCESS"} if code == "CS06_RESPONSE" else {}
    alert = scenario.alert(9, code, anonymous=True, minutes=3, firmware_version=version, **more)

    scenario.deliver(alert)
    scenario.deliver(alert, {**alert, "alert_id": str(uuid.uuid4())})

    hub = Hub.objects.get(guid=guid)
    assert (hub.smi_status, hub.gpf_status) == (SmiStatus.COMMISSIONED, SmiStatus.COMMISSIONED)
    assert hub.cpl_entry.firmware_version == version
    for scope, role in roles_of(world):
        assert scenario.feed(scope)[before:] == [(EntryKind.HUB_ACTIVATED, guid, role)]
    assert scenario.feed(world.as_third) == []
    assert HubHistory.objects.filter(guid=guid, new_value="Commissioned").count() == 1
    assert not UnmatchedAlert.objects.exists()


@pytest.mark.parametrize("reason", ["off the CPL", "suspended since"])
def test_a_hub_stays_suspended_where_its_version_left_the_cpl_or_the_news_is_older(now, reason):
    scenario = AlertScenario(now)
    guid = scenario.world.guid(9)
    Hub.objects.filter(guid=guid).update(smi_status=SmiStatus.SUSPENDED, gpf_status=SmiStatus.SUSPENDED)
    if reason == "off the CPL":
        CplEntry.objects.filter(pk=scenario.world.current.pk).update(status="CANCELLED")
    else:
        HubHistory.objects.create(
            guid=guid, at=now + timedelta(minutes=5), kind=HistoryKind.STATUS, new_value="Suspended"
        )

    scenario.deliver(scenario.alert(9, "READ_RESULT", anonymous=True, firmware_version="0C220000"))

    hub = Hub.objects.get(guid=guid)
    assert (hub.smi_status, hub.gpf_status) == (SmiStatus.SUSPENDED, SmiStatus.SUSPENDED)


@pytest.mark.requirement("R4.6", "R4.7")
@pytest.mark.parametrize("is_requested", [True, False])
@pytest.mark.parametrize("state", [TargetState.ELIGIBLE, TargetState.SCHEDULED, TargetState.NO_CONFIRMATION])
def test_a_reading_moves_a_hub_that_somebody_else_has_upgraded(now, is_requested, state):
    scenario = AlertScenario(now)
    world, guid = scenario.world, scenario.world.guid(9)
    sql.run("DELETE FROM rollouts_target")
    HubInFlight.objects.all().delete()
    second = make_rollout(world, now=now)
    Rollout.objects.filter(pk=scenario.rollout.pk).update(status="STOPPED")
    sql.run(
        "UPDATE rollouts_target SET state = %(state)s, consent = 4 WHERE rollout_id = %(id)s",
        {"state": int(state), "id": second.pk},
    )
    reading = Command.objects.create(
        kind=CommandKind.READ, region=2, guids=[], hub_count=0, due_at=now, created_at=now,
        requested_by_id=world.supplier.pk,
    )  # fmt: skip
    more = {"command_id": str(reading.pk)} if is_requested else {"anonymous": True}

    scenario.deliver(scenario.alert(9, "READ_RESULT", firmware_version="0C230000", **more))
    old = scenario.alert(8, "READ_RESULT", anonymous=True, firmware_version="0C220000")
    scenario.deliver(old)

    states = dict(Target.objects.filter(rollout_id=second.pk).values_list("guid", "state"))
    assert states[guid] == TargetState.ACTIVATED
    assert states[world.guid(8)] == state
    assert Hub.objects.get(guid=guid).cpl_entry_id == world.target.pk
    for scope, role in roles_of(world):
        assert [entry for entry in scenario.feed(scope) if entry[0] == EntryKind.HUB_ACTIVATED] == [
            (EntryKind.HUB_ACTIVATED, guid, role)
        ]
    assert services.measure_drift(rollout_id=second.pk).total == 0


@pytest.mark.requirement("R4.7")
@pytest.mark.parametrize("has_rollout", [True, False])
def test_each_supplier_learns_which_version_a_hub_ran_before(now, has_rollout):
    scenario = AlertScenario(now)
    if not has_rollout:
        sql.run("DELETE FROM rollouts_target")
        HubInFlight.objects.all().delete()

    scenario.deliver(
        scenario.alert(9, "0x8F66", anonymous=not has_rollout, firmware_version="0C230000"),
    )

    entries = FeedOutbox.objects.filter(kind=EntryKind.HUB_ACTIVATED).order_by("party_id")
    assert list(entries.values_list("party_id", "data")) == [
        (scenario.world.supplier.pk, {"previous_version": "0C220000"}),
        (scenario.world.other.pk, {"previous_version": "0C220000"}),
    ]


def test_a_hub_confirmed_on_the_version_it_runs_has_none_before(now):
    scenario = AlertScenario(now)
    sql.run("DELETE FROM rollouts_target")
    HubInFlight.objects.all().delete()
    Hub.objects.filter(guid=scenario.world.guid(9)).update(smi_status=SmiStatus.SUSPENDED)

    scenario.deliver(scenario.alert(9, "0x8F66", anonymous=True, firmware_version="0C220000"))

    assert {entry.data for entry in FeedOutbox.objects.filter(kind=EntryKind.HUB_ACTIVATED)} == {None}
