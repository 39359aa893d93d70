"""Suppliers instruct their hubs: one answer or two, changed, withdrawn, and who hears of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from rollouts import rules, services
from rollouts.models import Batch, Instruction, TallyPlan
from rollouts.states import BatchKind, Channel, Consent, TargetState
from tests.factories import make_rollout, make_world
from tests.integration.instructing import (
    AGREE,
    DECLINE,
    ELECTRICITY_ONLY,
    SOLE,
    SOLE_OF_OTHER,
    SPLIT_GAS,
    SPLIT_IMPORT,
    WITHDRAW,
    give,
    reasons,
    set_target,
)

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R3.2", "R4.1")
def test_one_instruction_of_a_sole_supplier_is_enough(world, rollout, now):
    at = now + timedelta(days=30)

    receipt = give(world.as_supplier, rollout, world.pasted(SOLE, ELECTRICITY_ONLY), now=now, at=at)

    assert (receipt.accepted, receipt.rejected, receipt.lines) == (2, 0, 2)
    assert receipt.reference.startswith("I-")
    assert receipt.tally.consents == {Consent.COMPLETE: 2}
    assert receipt.tally.days == {at.date(): 2}
    hub = world.target_of(rollout, SOLE)
    assert (hub.consent, hub.state, hub.effective_at) == (Consent.COMPLETE, TargetState.SCHEDULED, at)
    assert (hub.import_answer, hub.import_time, hub.import_instruction_id) == (1, at, receipt.id)


@pytest.mark.requirement("R3.3")
def test_a_split_hub_waits_for_the_second_and_takes_the_later_time(world, rollout, now):
    sooner, later = now + timedelta(days=30), now + timedelta(days=40)

    first = give(world.as_supplier, rollout, world.pasted(SPLIT_IMPORT), now=now, at=later)
    waiting = world.target_of(rollout, SPLIT_IMPORT)
    give(world.as_other, rollout, world.pasted(SPLIT_IMPORT), now=now, at=sooner)

    assert first.tally.waiting_for_second == 1
    assert (waiting.consent, waiting.state) == (Consent.AWAITING_SECOND, TargetState.ELIGIBLE)
    hub = world.target_of(rollout, SPLIT_IMPORT)
    assert (hub.consent, hub.state, hub.effective_at) == (Consent.COMPLETE, TargetState.SCHEDULED, later)


@pytest.mark.requirement("R3.4")
def test_a_blank_time_leaves_the_choice_to_the_other(world, rollout, now):
    at = now + timedelta(days=30)

    give(world.as_supplier, rollout, world.pasted(SPLIT_IMPORT, 10), now=now)
    give(world.as_other, rollout, world.pasted(SPLIT_IMPORT), now=now, at=at)
    give(world.as_other, rollout, world.pasted(10), now=now + timedelta(hours=1))

    assert world.target_of(rollout, SPLIT_IMPORT).effective_at == at
    assert world.target_of(rollout, 10).effective_at == now + timedelta(hours=1)


@pytest.mark.requirement("R3.9")
def test_a_later_instruction_replaces_the_earlier_until_the_activation_is_sent(world, rollout, now):
    first, second = now + timedelta(days=30), now + timedelta(days=50)
    earlier = give(world.as_supplier, rollout, world.pasted(SOLE), now=now, at=first)

    later = give(world.as_supplier, rollout, world.pasted(SOLE), now=now, at=second)
    changed = world.target_of(rollout, SOLE)
    set_target(world, rollout, SOLE, state=TargetState.ACTIVATING)
    too_late = give(world.as_supplier, rollout, world.pasted(SOLE), now=now, at=first)

    assert (changed.effective_at, changed.import_instruction_id) == (second, later.id)
    assert reasons(too_late) == {"ALREADY_SENT": 1}
    assert Instruction.objects.filter(pk=earlier.id).exists()


@pytest.mark.requirement("R3.9")
def test_a_withdrawn_instruction_leaves_the_hub_waiting_again(world, rollout, now):
    give(world.as_supplier, rollout, world.pasted(SOLE), now=now, at=now + timedelta(days=30))

    receipt = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=now, kind=WITHDRAW)

    assert (receipt.accepted, reasons(receipt)) == (1, {"NOTHING_TO_CHANGE": 1})
    hub = world.target_of(rollout, SOLE)
    assert (hub.consent, hub.state) == (Consent.AWAITING, TargetState.ELIGIBLE)
    assert (hub.effective_at, hub.import_time) == (rollout.automatic_at, None)


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("check", [False, True])
def test_a_hub_whose_update_has_failed_takes_no_more_answers(world, rollout, now, check):
    failed = (
        TargetState.DISTRIBUTION_FAILED,
        TargetState.VERIFICATION_FAILED,
        TargetState.ACTIVATION_FAILED,
        TargetState.NO_CONFIRMATION,
    )
    for number, state in enumerate(failed):
        set_target(world, rollout, number, state=state, consent=5)

    receipt = give(world.as_supplier, rollout, world.pasted(0, 1, 2, 3, 4), now=now, check=check)

    assert (receipt.accepted, reasons(receipt)) == (1, {"UPDATE_FAILED": 4})
    assert world.target_of(rollout, 0).import_answer == 0


@pytest.mark.requirement("R3.4")
def test_agreeing_needs_an_instruction_to_agree_with(world, rollout, now):
    at = now + timedelta(days=30)
    give(world.as_supplier, rollout, world.pasted(SPLIT_IMPORT), now=now, at=at)

    receipt = give(
        world.as_other, rollout, world.pasted(SPLIT_IMPORT, 10, SOLE_OF_OTHER), now=now, kind=AGREE
    )

    assert (receipt.accepted, reasons(receipt)) == (1, {"NOTHING_TO_AGREE_WITH": 2})
    hub = world.target_of(rollout, SPLIT_IMPORT)
    assert (hub.consent, hub.effective_at) == (Consent.COMPLETE, at)


@pytest.mark.requirement("R3.4")
def test_declining_lets_the_single_time_stand(world, rollout, now):
    at = now + timedelta(days=30)
    give(world.as_supplier, rollout, world.pasted(SPLIT_IMPORT), now=now, at=at)

    give(world.as_other, rollout, world.pasted(SPLIT_IMPORT), now=now, kind=DECLINE)

    hub = world.target_of(rollout, SPLIT_IMPORT)
    assert (hub.consent, hub.effective_at, hub.state) == (Consent.COMPLETE, at, TargetState.SCHEDULED)


@pytest.mark.requirement("R3.7")
def test_pilot_hubs_are_instructed_as_pilot_hubs(world, now):
    rollout = make_rollout(world, now=now, has_pilot=True)
    pilot = Batch.objects.get(rollout=rollout, kind="PILOT")
    set_target(world, rollout, SOLE, batch_id=pilot.pk)

    safe_launch = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=now)
    as_pilot = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=now, group=BatchKind.PILOT)
    both = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=now, group=None)
    of_batch = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=now, group=None, batch_id=pilot.pk)

    assert reasons(safe_launch) == {"IN_PILOT_GROUP": 1}
    assert reasons(as_pilot) == {"NOT_IN_PILOT_GROUP": 1}
    assert both.accepted == 2
    assert reasons(of_batch) == {"NOT_IN_BATCH": 1}


@pytest.mark.requirement("R3.7")
def test_a_batch_keeps_its_own_cut_off_and_automatic_time(world, rollout, now):
    early = now + timedelta(days=60)
    batch = Batch.objects.create(
        rollout=rollout,
        kind="SAFE_LAUNCH",
        position=2,
        name="Wave 1",
        automatic_at=early,
        cutoff_at=rules.one_month_before(early),
        gate_open=True,
    )
    set_target(world, rollout, SOLE, batch_id=batch.pk, effective_at=early)

    too_late_a_time = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=now, at=early)
    in_time = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=batch.cutoff_at)
    late = give(world.as_supplier, rollout, world.pasted(SOLE, 1), now=batch.cutoff_at + timedelta(seconds=1))

    assert reasons(too_late_a_time) == {"TIME_NOT_EARLIER": 1}
    assert reasons(in_time) == {}
    assert reasons(late) == {"AFTER_CUTOFF": 1}


@pytest.mark.requirement("R4.10")
def test_each_party_hears_of_a_final_time_and_the_second_when_but_not_by_whom(world, rollout, now):
    at = now + timedelta(days=30)

    give(world.as_supplier, rollout, world.pasted(SOLE, SPLIT_IMPORT, 10, SPLIT_GAS), now=now, at=at)
    give(world.as_other, rollout, world.pasted(SPLIT_IMPORT), now=now)

    hubs = FeedOutbox.objects.filter(kind=EntryKind.HUB_SCHEDULED).order_by("id")
    assert [(e.party_id, e.guid) for e in hubs] == [
        (world.supplier.pk, world.guid(SOLE)),
        (world.supplier.pk, world.guid(SPLIT_IMPORT)),
        (world.other.pk, world.guid(SPLIT_IMPORT)),
    ]
    assert {e.data["effective_at"] for e in hubs} == {f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    seconds = FeedOutbox.objects.filter(kind=EntryKind.SECOND_SUPPLIER_ANSWERED).order_by("id")
    answer = {"has_answered": True, "has_instructed": True}
    assert [(e.party_id, e.data) for e in seconds] == [
        (world.other.pk, {"hubs": 2, **answer, "activate_at": at.isoformat()}),
        (world.third.pk, {"hubs": 1, **answer, "activate_at": at.isoformat()}),
        (world.supplier.pk, {"hubs": 1, **answer, "activate_at": None}),
    ]


@pytest.mark.requirement("R4.1")
def test_the_sender_gets_an_entry_and_the_journal_a_fact(world, rollout, now):
    receipt = give(
        world.as_supplier,
        rollout,
        world.pasted(SOLE, SOLE_OF_OTHER),
        now=now,
        channel=Channel.REST,
        name="Leeds",
    )

    entry = FeedOutbox.objects.get(kind=EntryKind.INSTRUCTION_RECEIVED)
    assert (entry.party_id, entry.data["instruction"], entry.data["accepted"]) == (
        world.supplier.pk,
        receipt.reference,
        1,
    )
    fact = Event.objects.get(name="instruction.received")
    assert fact.subject == f"rollout:{rollout.pk}"
    assert (fact.facts["accepted"], fact.facts["rejected"], fact.facts["sha256"]) == (1, 1, receipt.sha256)
    assert receipt.name == "Leeds"


def test_the_same_key_answers_the_same_instruction_with_the_same_receipt(world, rollout, now):
    first = give(world.as_supplier, rollout, world.pasted(SOLE), now=now, idempotency_key="k1")

    again = give(
        world.as_supplier, rollout, world.pasted(SOLE), now=now + timedelta(days=200), idempotency_key="k1"
    )
    theirs = give(world.as_other, rollout, world.pasted(SOLE_OF_OTHER), now=now, idempotency_key="k1")

    assert again.is_repeat
    assert (again.id, again.tally) == (first.id, first.tally)
    assert theirs.id != first.id


def test_the_same_key_with_another_body_is_refused(world, rollout, now):
    give(world.as_supplier, rollout, world.pasted(SOLE), now=now, idempotency_key="k1")

    with pytest.raises(services.IdempotencyKeyReused) as body:
        give(world.as_supplier, rollout, world.pasted(1), now=now, idempotency_key="k1")
    with pytest.raises(services.IdempotencyKeyReused):
        give(world.as_supplier, rollout, world.pasted(SOLE), now=now, idempotency_key="k1", kind=WITHDRAW)

    assert body.value.code == "idempotency_key_reused"


@pytest.mark.requirement("R3.8")
def test_the_number_of_statements_does_not_grow_with_the_hubs(now):
    world = make_world(hubs=400)
    rollout = make_rollout(world, now=now)

    def statements(numbers) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            give(world.as_supplier, rollout, world.pasted(*numbers) + "\nrubbish", now=now)
        return len(captured)

    statements(range(10))
    assert statements(range(20)) == statements(range(400))


def test_tallies_follow_the_answers(world, rollout, now):
    give(world.as_supplier, rollout, world.pasted(*range(20)), now=now, at=now + timedelta(days=30))

    planned = TallyPlan.objects.filter(rollout_id=rollout.pk, consent=Consent.AWAITING_SECOND)
    assert sum(row.n for row in planned) == 5
    assert services.measure_drift(rollout_id=rollout.pk).total == 0
