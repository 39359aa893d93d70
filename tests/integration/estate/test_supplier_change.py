"""A hub that changes hands in mid-rollout takes no instruction with it but its own Party's."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel import sql
from portal.kernel.refusals import NotPermitted
from portal.kernel.transactions import unit_of_work
from rollouts import services
from rollouts.models import Command, Hub, HubHistory, Target
from rollouts.services import HubList
from rollouts.states import Consent, InstructionKind, TargetState
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db

SOLE, SPLIT, ELECTRICITY_ONLY = 0, 9, 14


def instruct(scope, rollout, world, *numbers, now, at=None):
    return services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(number) for number in numbers]),
        activate_at=at,
        received_at=now,
        now=now,
    )


def change(world, number, imports, gas, *, now):
    pair = (imports.pk if imports else None, gas.pk if gas else None)
    return services.change_suppliers(
        world.operator, changes=[(world.guid(number), *pair)], effective_at=now, now=now, evidence="feed 7"
    )


@pytest.mark.requirement("R3.11")
def test_the_losing_suppliers_instruction_stops_counting(world, rollout, now):
    instruct(world.as_supplier, rollout, world, SOLE, now=now, at=now + timedelta(days=20))

    done = change(world, SOLE, world.third, world.third, now=now)

    assert done == services.SuppliersChanged(hubs=1, unknown=0, voided=1, recalled=0)
    hub = world.target_of(rollout, SOLE)
    assert (hub.import_supplier_id, hub.gas_supplier_id) == (world.third.pk, world.third.pk)
    assert (hub.import_answer, hub.import_time, hub.answered_at) == (0, None, None)
    assert (hub.consent, hub.state, hub.effective_at) == (
        Consent.AWAITING,
        TargetState.ELIGIBLE,
        rollout.automatic_at,
    )
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R3.11")
def test_after_the_cut_off_the_gaining_supplier_gets_the_default(world, rollout, now):
    instruct(world.as_supplier, rollout, world, SOLE, now=now, at=rollout.cutoff_at + timedelta(days=9))

    change(world, SOLE, world.third, world.third, now=rollout.cutoff_at + timedelta(days=1))

    hub = world.target_of(rollout, SOLE)
    assert (hub.consent, hub.state, hub.effective_at) == (
        Consent.DEFAULTED,
        TargetState.SCHEDULED,
        rollout.automatic_at,
    )


@pytest.mark.requirement("R3.11")
def test_what_the_remaining_supplier_said_still_counts(world, rollout, now):
    ours, theirs = now + timedelta(days=20), now + timedelta(days=30)
    instruct(world.as_supplier, rollout, world, SPLIT, now=now, at=ours)
    instruct(world.as_other, rollout, world, SPLIT, now=now, at=theirs)

    change(world, SPLIT, world.supplier, world.third, now=now)
    split = world.target_of(rollout, SPLIT)
    change(world, SPLIT, world.third, world.supplier, now=now)
    swapped = world.target_of(rollout, SPLIT)
    change(world, SPLIT, None, world.supplier, now=now)
    alone = world.target_of(rollout, SPLIT)

    assert (split.consent, split.import_time, split.gas_time) == (Consent.AWAITING_SECOND, ours, None)
    assert split.effective_at == rollout.cutoff_at
    assert (swapped.import_answer, swapped.gas_answer, swapped.gas_time) == (0, 1, ours)
    assert (alone.consent, alone.effective_at, alone.state) == (Consent.COMPLETE, ours, TargetState.SCHEDULED)


@pytest.mark.requirement("R3.11", "R3.3")
def test_both_are_told_and_neither_is_told_who(world, rollout, now):
    instruct(world.as_supplier, rollout, world, SOLE, now=now)
    FeedOutbox.objects.all().delete()

    change(world, SOLE, world.third, world.supplier, now=now)
    change(world, SOLE, world.third, world.third, now=now)

    notices = FeedOutbox.objects.filter(kind=EntryKind.ROLLOUT_NOTIFIED)
    others = FeedOutbox.objects.exclude(kind=EntryKind.ROLLOUT_NOTIFIED).order_by("id")
    reopened = others.filter(kind=EntryKind.HUB_CONSENT)
    entries = others.exclude(kind=EntryKind.HUB_CONSENT).values_list(
        "kind", "party_id", "guid", "rollout_id", "data"
    )
    guid = world.guid(SOLE)
    awaited = [(each.party_id, each.data["consent"]) for each in reopened]
    assert sorted(awaited) == [
        (world.supplier.pk, "AWAITING_SECOND"),
        (world.third.pk, "AWAITING_SECOND"),
    ]
    assert [notice.party_id for notice in notices] == [world.third.pk]
    roles = {"import": 1, "gas": 0, "both": 0}
    assert (notices[0].data["hubs"], notices[0].data["split"], notices[0].data["roles"]) == (1, 1, roles)
    assert list(entries) == [
        (EntryKind.HUB_RESPONSIBILITY_GAINED, world.third.pk, guid, None, {"role": "import"}),
        (
            EntryKind.INSTRUCTION_VOIDED,
            world.supplier.pk,
            None,
            rollout.pk,
            {"rollout": rollout.name, "reason": "SUPPLIER_CHANGED", "hubs": 1},
        ),
        (EntryKind.HUB_RESPONSIBILITY_LOST, world.supplier.pk, guid, None, {"role": "gas"}),
    ]


@pytest.mark.requirement("R1.1", "R3.11")
def test_whoever_gains_a_hub_in_the_middle_of_a_rollout_gets_the_notice(world, rollout, now):
    FeedOutbox.objects.all().delete()

    change(world, SPLIT, world.third, world.other, now=now)

    (notice,) = FeedOutbox.objects.filter(kind=EntryKind.ROLLOUT_NOTIFIED)
    assert (notice.party_id, notice.rollout_id) == (world.third.pk, rollout.pk)
    assert notice.data["hubs"] == notice.data["split"] == 1
    assert notice.data["model"] == rollout.cpl_entry.device_model.model
    assert str(world.other.name) not in str(notice.data)


@pytest.mark.requirement("R3.11")
def test_the_loser_no_longer_reaches_the_hub_and_the_gainer_does(world, rollout, now):
    change(world, SOLE, world.third, world.third, now=now)

    lost = instruct(world.as_supplier, rollout, world, SOLE, now=now)
    gained = instruct(world.as_third, rollout, world, SOLE, now=now)

    assert dict(lost.tally.rejected_by_reason) == {"UNKNOWN_DEVICE": 1}
    assert gained.accepted == 1


def test_the_inventory_and_its_history_follow(world, rollout, now):
    change(world, ELECTRICITY_ONLY, world.other, None, now=now)
    again = change(world, ELECTRICITY_ONLY, world.other, None, now=now)

    hub = Hub.objects.get(guid=world.guid(ELECTRICITY_ONLY))
    assert (hub.import_supplier_id, hub.gas_supplier_id) == (world.other.pk, None)
    line = HubHistory.objects.get(guid=hub.guid)
    assert (line.kind, line.old_value, line.new_value, line.evidence) == (
        3,
        str(world.supplier.pk),
        str(world.other.pk),
        "feed 7",
    )
    assert again == services.SuppliersChanged()


@pytest.mark.requirement("R3.11")
def test_an_activation_that_lies_ahead_is_recalled(world, rollout, now):
    at = now + timedelta(days=20)
    instruct(world.as_supplier, rollout, world, SOLE, now=now, at=at)
    sent = Command.objects.create(
        rollout_id=rollout.pk,
        kind=2,
        status=3,
        region=2,
        guids=[world.guid(SOLE)],
        hub_count=1,
        execute_at=at,
        due_at=now,
        created_at=now,
        sent_at=now,
    )
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(SOLE)).update(
        state=TargetState.ACTIVATING, command_id=sent.pk
    )

    done = change(world, SOLE, world.third, world.third, now=now)

    assert done.recalled == 1
    assert Command.objects.filter(kind=3, guids=[world.guid(SOLE)]).count() == 1
    hub = world.target_of(rollout, SOLE)
    assert (hub.state, hub.consent, hub.effective_at) == (
        TargetState.ACTIVATING,
        Consent.DEFAULTED,
        rollout.automatic_at,
    )


def test_settled_targets_only_change_hands(world, rollout, now):
    instruct(world.as_supplier, rollout, world, SOLE, now=now)
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(SOLE)).update(state=TargetState.ACTIVATED)

    done = change(world, SOLE, world.third, world.third, now=now)

    hub = world.target_of(rollout, SOLE)
    assert done.voided == 0
    assert (hub.import_supplier_id, hub.consent, hub.import_answer) == (world.third.pk, Consent.COMPLETE, 1)


def test_a_file_goes_in_slices_and_names_what_is_unknown(world, rollout, now):
    changes = [(world.guid(n), world.other.pk, world.other.pk) for n in range(20)]
    changes += [(5, world.other.pk, None), (world.guid(0), world.third.pk, world.third.pk)]

    done = services.change_suppliers(world.operator, changes=changes, effective_at=now, now=now, size=6)

    assert (done.hubs, done.unknown) == (19, 1)
    assert Hub.objects.get(guid=world.guid(0)).import_supplier_id == world.third.pk
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_with_the_alerts_of_two_rollouts_is_survived(now):
    world = make_world()
    make_rollout(world, now=now)
    hub_is_held, change_waits = threading.Event(), threading.Event()

    @unit_of_work
    def apply_alerts():
        sql.run("UPDATE rollouts_hub SET han_devices = 5 WHERE guid = %(guid)s", {"guid": world.guid(5)})
        hub_is_held.set()
        change_waits.wait(5)
        sql.run("UPDATE rollouts_target SET attempts = 1 WHERE guid = %(guid)s", {"guid": world.guid(0)})

    def change_both():
        moved = [(world.guid(number), world.other.pk, world.other.pk) for number in (0, 5)]
        services.change_suppliers(world.operator, changes=moved, effective_at=now, now=now)

    def run(work):
        work()
        connection.close()

    alerts, change = (threading.Thread(target=run, args=(work,)) for work in (apply_alerts, change_both))
    alerts.start()
    assert hub_is_held.wait(5)
    change.start()
    change.join(0.5)
    change_waits.set()
    alerts.join(10)
    change.join(10)

    suppliers = Hub.objects.filter(guid__in=[world.guid(0), world.guid(5)]).values_list("gas_supplier_id")
    assert set(suppliers) == {(world.other.pk,)}


def test_only_the_dcc_changes_suppliers(world, now):
    with pytest.raises(NotPermitted):
        services.change_suppliers(world.as_supplier, changes=[], effective_at=now, now=now)
