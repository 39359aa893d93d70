"""Long instructions go slice by slice, survive a kill at any of them, and two at once do not hurt each other."""

from __future__ import annotations

import threading
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.kernel.guid import format_many
from rollouts import services
from rollouts.models import Instruction, InstructionLine, Target
from rollouts.services import HubList
from rollouts.services.instructions import answer as _answering
from rollouts.services.instructions import apply as _progressing
from rollouts.services.instructions import instruct as _instructing
from rollouts.states import Consent, InstructionKind, TargetState
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(_instructing, "AT_ONCE", 50)
    monkeypatch.setattr(_progressing, "enqueue_instruction", lambda _: None)
    monkeypatch.setattr(_instructing, "enqueue_instruction", lambda _: None)


def guid_lines(world, *numbers: int) -> str:
    return "\n".join(format_many(np.array([world.guid(number) for number in numbers])))


def give(scope, rollout, text, *, now, **more):
    return services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_text(text),
        received_at=more.pop("received_at", now),
        now=now,
        **more,
    )


def until_finished(receipt, *, now, size=40):
    slices = 0
    while not receipt.is_finished:
        receipt = services.apply_next_slice(instruction_id=receipt.id, now=now, size=size)
        slices += 1
    return receipt, slices


@pytest.mark.requirement("R3.8", "R4.1")
def test_a_long_list_is_received_first_and_applied_as_one_instruction(now):
    world = make_world(hubs=200)
    rollout = make_rollout(world, now=now)
    text = "GUID\nrubbish\n" + guid_lines(world, *reversed(range(200)), 5)

    received = give(world.as_supplier, rollout, text, now=now, activate_at=now + timedelta(days=30))
    receipt, slices = until_finished(received, now=now)

    assert (received.status, received.lines, received.processed, received.rejected) == ("RECEIVED", 202, 2, 2)
    assert slices == 5
    assert (receipt.status, receipt.accepted, receipt.rejected, receipt.processed) == (
        "APPLIED",
        160,
        42,
        202,
    )
    assert dict(receipt.tally.rejected_by_reason) == {
        "MALFORMED_ID": 1,
        "DUPLICATE_IN_LIST": 1,
        "UNKNOWN_DEVICE": 40,
    }
    assert receipt.tally.consents == {Consent.COMPLETE: 110, Consent.AWAITING_SECOND: 50}
    line = InstructionLine.objects.get(guid=world.guid(19))
    assert (line.line_no, line.raw) == (2 + 200 - 19, guid_lines(world, 19))
    row = Instruction.objects.get()
    assert (row.pending_guids, row.source) == (None, None)
    assert "second_suppliers" not in row.summary
    seconds = FeedOutbox.objects.filter(kind=EntryKind.SECOND_SUPPLIER_ANSWERED)
    assert {e.party_id: e.data["hubs"] for e in seconds} == {world.other.pk: 30, world.third.pk: 20}
    assert Event.objects.filter(name="instruction.applied").count() == 1
    assert FeedOutbox.objects.filter(kind=EntryKind.INSTRUCTION_APPLIED).count() == 1
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


@pytest.mark.requirement("R3.8")
@pytest.mark.parametrize("killed_in", range(4))
def test_a_kill_at_any_slice_loses_nothing(now, monkeypatch, killed_in):
    world = make_world(hubs=120)
    rollout = make_rollout(world, now=now)
    receipt = give(world.as_supplier, rollout, guid_lines(world, *range(120)), now=now)
    for _ in range(min(killed_in, 2)):
        services.apply_next_slice(instruction_id=receipt.id, now=now, size=40)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_progressing, "_add_hubs" if killed_in < 3 else "apply_staged", killed)
        with pytest.raises(KeyboardInterrupt):
            services.apply_next_slice(instruction_id=receipt.id, now=now, size=40)
    connection.close()
    finished, _ = until_finished(receipt, now=now)

    assert (finished.accepted, finished.rejected) == (96, 24)
    answered = Target.objects.filter(rollout_id=rollout.pk, state=TargetState.SCHEDULED, import_answer=1)
    assert answered.count() == 66
    entries = FeedOutbox.objects.filter(kind=EntryKind.HUB_SCHEDULED).values_list("guid", flat=True)
    assert len(entries) == len(set(entries)) == 66


@pytest.mark.requirement("R3.1")
def test_processing_after_the_cut_off_does_not_make_it_late(now):
    world = make_world(hubs=60)
    rollout = make_rollout(world, now=now)
    at = rollout.cutoff_at + timedelta(days=5)
    receipt = give(
        world.as_supplier, rollout, guid_lines(world, *range(60)), now=rollout.cutoff_at, activate_at=at
    )

    finished, _ = until_finished(receipt, now=rollout.cutoff_at + timedelta(hours=3))

    assert finished.accepted == 48
    sole, split = (Target.objects.get(rollout_id=rollout.pk, guid=world.guid(n)) for n in (0, 9))
    assert (sole.effective_at, sole.consent) == (at, Consent.COMPLETE)
    assert (split.effective_at, split.consent, split.state) == (at, Consent.DEFAULTED, TargetState.SCHEDULED)


@pytest.mark.requirement("R3.9")
def test_a_later_word_is_not_undone_by_an_earlier_one_that_was_still_waiting(now):
    world = make_world(hubs=60)
    rollout = make_rollout(world, now=now)
    first, second = now + timedelta(days=30), now + timedelta(days=40)
    waiting = give(world.as_supplier, rollout, guid_lines(world, *range(60)), now=now, activate_at=first)
    give(world.as_supplier, rollout, guid_lines(world, 0), now=now, activate_at=second)

    finished, _ = until_finished(waiting, now=now)

    assert finished.accepted == 48
    assert Target.objects.get(rollout_id=rollout.pk, guid=world.guid(0)).effective_at == second


def test_what_is_left_when_the_rollout_stops_is_said_to_be_so(now):
    world = make_world(hubs=60)
    rollout = make_rollout(world, now=now)
    receipt = give(world.as_supplier, rollout, guid_lines(world, *range(60)), now=now)
    services.apply_next_slice(instruction_id=receipt.id, now=now, size=40)
    rollout.status = "STOPPED"
    rollout.save()

    finished, _ = until_finished(receipt, now=now)

    assert dict(finished.tally.rejected_by_reason) == {"UNKNOWN_DEVICE": 8, "ROLLOUT_STOPPED": 20}


def test_a_slice_another_worker_holds_is_left_to_it(now):
    world = make_world(hubs=60)
    rollout = make_rollout(world, now=now)
    receipt = give(world.as_supplier, rollout, guid_lines(world, *range(60)), now=now)
    answers = []

    def other_worker():
        answers.append(services.apply_next_slice(instruction_id=receipt.id, now=now))
        connection.close()

    held = threading.Event()
    real = _progressing.apply_staged

    def slowly(*args, **kwargs):
        thread = threading.Thread(target=other_worker)
        thread.start()
        thread.join()
        held.set()
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_progressing, "apply_staged", slowly)
        finished = services.apply_instruction(instruction_id=receipt.id, now=now)

    assert answers == [None]
    assert finished.is_finished
    assert services.waiting_instructions() == []


@pytest.mark.requirement("R3.3")
def test_two_suppliers_instruct_the_same_hubs_at_once_without_a_deadlock(now, monkeypatch):
    monkeypatch.setattr(_instructing, "AT_ONCE", 10_000)
    world = make_world(hubs=4_000)
    rollout = make_rollout(world, now=now)
    times = {world.supplier.pk: now + timedelta(days=30), world.other.pk: now + timedelta(days=40)}
    numbers = np.random.default_rng(1).permutation(4_000)
    start, problems = threading.Barrier(2), []

    def instruct(scope):
        try:
            start.wait()
            for _ in range(3):
                text = guid_lines(world, *numbers[:2_000].tolist())
                give(scope, rollout, text, now=now, activate_at=times[scope.organisation_id])
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test must show it
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=instruct, args=(s,)) for s in (world.as_supplier, world.as_other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    shared = [n for n in numbers[:2_000].tolist() if n % 20 in {9, 10, 11}]
    hubs = Target.objects.filter(rollout_id=rollout.pk, guid__in=[world.guid(n) for n in shared])
    assert {(hub.consent, hub.effective_at) for hub in hubs} == {(Consent.COMPLETE, times[world.other.pk])}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_the_same_request_sent_twice_at_once_is_taken_once(now, monkeypatch):
    monkeypatch.setattr(_instructing, "AT_ONCE", 10_000)
    world = make_world(hubs=200)
    rollout = make_rollout(world, now=now)
    start, receipts = threading.Barrier(4), []

    def instruct():
        try:
            start.wait()
            receipts.append(
                give(
                    world.as_supplier,
                    rollout,
                    guid_lines(world, *range(200)),
                    now=now,
                    idempotency_key="once",
                )
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=instruct) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receipts) == 4
    assert {(receipt.id, receipt.accepted) for receipt in receipts} == {(receipts[0].id, 160)}
    assert Instruction.objects.count() == 1
    assert sum(receipt.is_repeat for receipt in receipts) == 3


def test_targets_are_locked_in_the_order_of_their_guids(now):
    world = make_world(hubs=2_000)
    rollout = make_rollout(world, now=now)
    rollout = type(rollout).objects.select_related("cpl_entry").get(pk=rollout.pk)
    order = services.AnswerOrder(world.supplier.pk, InstructionKind.INSTRUCT, None, now)
    statement = _answering._Statement(rollout, order, now=now, instruction=Instruction(pk=1))

    assert "ORDER BY s.guid" in statement.apply.text
