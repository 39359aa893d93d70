"""Stopping the world: once the button has answered nothing more leaves, and a halt that died is finished."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.kernel.refusals import NotPermitted
from rollouts import services
from rollouts.models import Command, Decision, HubInFlight, Rollout, Target
from rollouts.queries.governance.halts import halt_preview
from rollouts.services.governance import halt as _halting
from rollouts.states import CommandKind, CommandStatus
from tests.factories import make_rollout
from tests.integration.deciding import decide, halt
from tests.integration.dispatching import dispatch, settle, states, target

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


@pytest.fixture
def rollout(rollout, csp):
    """Its hubs have been instructed, and wait for their commands."""
    settle(rollout)
    return rollout


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("R5.6")
def test_a_halt_answers_only_after_the_call_under_way_and_nothing_leaves_after(
    csp, world, rollout, now, settings
):
    settings.DISPATCH = {"command_size": 5}
    services.plan_due(now)
    arrived, may_answer = threading.Event(), threading.Event()

    def answer_late(_command):
        arrived.set()
        may_answer.wait(10)
        return 202, {}

    csp.answers = answer_late
    halted_at = []

    def send():
        dispatch(now)
        connection.close()

    def press():
        halt(world, rollout, now)
        halted_at.append(time.monotonic())
        connection.close()

    sender, halter = threading.Thread(target=send), threading.Thread(target=press)
    sender.start()
    assert arrived.wait(5)
    halter.start()
    while Rollout.objects.get().status != "SUSPENDED":
        time.sleep(0.01)
    time.sleep(0.2)
    assert not halted_at
    released_at = time.monotonic()
    may_answer.set()
    halter.join(10)
    sent_by_then = len(csp.commands)
    sender.join(10)

    assert halted_at
    assert halted_at[0] >= released_at
    assert sent_by_then == len(csp.commands) == 1
    assert dispatch(now) == 0
    assert len(csp.commands) == 1
    assert states(rollout) == {20: 35, 30: 5}
    assert set(Command.objects.values_list("status", flat=True)) == {
        CommandStatus.SENT,
        CommandStatus.DROPPED,
    }


def test_a_halt_puts_back_what_was_claimed_and_has_not_left(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now, where=f"guid < {world.guid(10)}")
    services.plan_due(now)
    services.claim_next(2, now=now)
    services.claim_next(2, now=now)
    assert states(rollout) == {30: 30, 50: 10}

    report = halt(world, rollout, now)

    assert states(rollout) == {20: 30, 40: 10}
    assert target(rollout, world.guid(0)).attempts == 0
    assert (report.commands_dropped, report.hubs_put_back) == (2, 40)
    assert HubInFlight.objects.count() == 10  # those that hold the image
    assert dispatch(now) == 0
    assert csp.commands == []
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_what_may_have_left_is_not_taken_for_held_back(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    csp.answers = lambda _: None
    dispatch(now)

    report = halt(world, rollout, now)

    assert states(rollout) == {50: 40}
    assert report.hubs_to_cancel == 40
    assert Command.objects.get(kind=CommandKind.ACTIVATE).status == CommandStatus.SENT


def test_a_claimed_command_found_after_the_halt_is_not_sent(csp, world, rollout, now):
    services.plan_due(now)
    claim = services.claim_next(2, now=now)
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH")

    assert dispatch(now) == 0

    assert csp.commands == []
    assert Command.objects.get(pk=claim.command_id).status == CommandStatus.DROPPED
    assert states(rollout) == {20: 40}


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("R5.4")
def test_two_who_press_at_the_same_moment_both_get_what_they_wanted(csp, world, rollout, now, monkeypatch):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)
    both_have_looked, step = threading.Barrier(2), _halting.take_step
    reports = []

    def at_the_same_moment(*args, **kwargs):
        both_have_looked.wait(5)
        return step(*args, **kwargs)

    monkeypatch.setattr(_halting, "take_step", at_the_same_moment)

    def press():
        try:
            reports.append(halt(world, rollout, now))
        finally:
            connection.close()

    pressing = [threading.Thread(target=press) for _ in range(2)]
    for each in pressing:
        each.start()
    for each in pressing:
        each.join(10)

    assert [report.status for report in reports] == ["SUSPENDED", "SUSPENDED"]
    assert Command.objects.filter(kind=CommandKind.CANCEL).count() == 1
    assert Event.objects.filter(name="rollout.suspended").count() == 1
    assert Decision.objects.filter(rollout=rollout).count() == 1


@pytest.mark.requirement("R5.6")
def test_rejecting_a_pilot_halts_as_any_halt_does(csp, world, now):
    rollout = make_rollout(world, now=now, status="PILOT_REVIEW", has_pilot=True)
    pilot = rollout.batches.get(kind="PILOT")
    settle(rollout, state=40, batch_id=pilot.pk, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)
    settle(rollout, state=40, effective_at=now, where=f"guid < {world.guid(10)}")
    services.plan_due(now)
    claim = services.claim_next(2, now=now)

    services.reject_pilot(world.operator, rollout_id=rollout.pk, commentary="Homes go dark.", now=now)

    assert Command.objects.get(pk=claim.command_id).status == CommandStatus.DROPPED
    assert states(rollout) == {40: 10, 50: 30}
    assert Command.objects.filter(kind=CommandKind.CANCEL, status=CommandStatus.READY).count() == 1


def test_a_halt_costs_a_hub_no_attempt(csp, world, rollout, now):
    settle(rollout, state=40, attempts=0, effective_at=now + timedelta(hours=5))
    for _ in range(2):
        services.plan_due(now)
        dispatch(now)
        assert target(rollout, world.guid(0)).attempts == 1
        halt(world, rollout, now)
        dispatch(now)
        settle(rollout, state=56, where="state = 55")  # as the cancels' answers say
        decide(world, rollout, "PROCEED", now)
        services.finish_halts(now)

        assert states(rollout) == {40: 40}
        assert target(rollout, world.guid(0)).attempts == 0


def test_a_halt_that_died_after_its_step_is_finished_by_a_tick(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5), where=f"guid < {world.guid(30)}")
    services.plan_due(now)
    dispatch(now)
    settle(rollout, where=f"guid >= {world.guid(30)}")
    services.plan_due(now)
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Because.", now=now)

    assert services.finish_halts(now) == 1

    assert services.finish_halts(now) == 0
    assert Command.objects.filter(kind=CommandKind.CANCEL, status=CommandStatus.READY).count() == 1
    assert not Command.objects.filter(kind=CommandKind.DISTRIBUTE, status=CommandStatus.READY).exists()


def test_a_supplier_halts_nothing(world, rollout, now):
    with pytest.raises(NotPermitted):
        services.halt(world.as_supplier, rollout_id=rollout.pk, verb="suspend", reason="Because.", now=now)


def test_a_preview_says_beforehand_what_a_halt_would_touch(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5), where=f"guid < {world.guid(10)}")
    settle(
        rollout,
        state=40,
        effective_at=now,
        where=f"guid BETWEEN {world.guid(10)} AND {world.guid(14)}",
    )
    services.plan_due(now)
    dispatch(now)
    settle(rollout, state=10, consent=1, where=f"guid >= {world.guid(35)}")

    preview = halt_preview(world.operator, rollout_id=rollout.pk, now=now)

    assert preview.total == 40
    assert (preview.not_begun, preview.images_on_their_way, preview.holding_the_image) == (5, 20, 0)
    assert (preview.recallable, preview.not_recallable, preview.activated) == (10, 5, 0)
    with pytest.raises(NotPermitted):
        halt_preview(world.as_supplier, rollout_id=rollout.pk, now=now)


def test_what_is_overdue_is_said_before_the_rollout_goes_on_and_to_everybody_after(world, rollout, now):
    ten = f"guid BETWEEN {world.guid(10)} AND {world.guid(19)}"
    settle(rollout, state=40, consent=4, effective_at=now + timedelta(hours=1), where=ten)
    services.halt(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Because.", now=now)
    later = now + timedelta(hours=2)
    assert halt_preview(world.operator, rollout_id=rollout.pk, now=now).overdue == 0
    assert halt_preview(world.operator, rollout_id=rollout.pk, now=later).overdue == 10

    decide(world, rollout, "PROCEED", later)

    kinds = [EntryKind.DECISION_RECOMMENDED, EntryKind.ROLLOUT_RESUMED, EntryKind.DECISION_MADE]
    entries = FeedOutbox.objects.filter(kind__in=kinds)
    overdue = {(entry.kind, entry.party_id): entry.data.get("overdue", 0) for entry in entries}
    own = Target.objects.filter(rollout_id=rollout.pk, guid__range=(world.guid(10), world.guid(19))).filter(
        Q(import_supplier_id=world.supplier.pk) | Q(gas_supplier_id=world.supplier.pk)
    )
    assert overdue[EntryKind.DECISION_RECOMMENDED, world.panel.pk] == 10
    for kind in (EntryKind.ROLLOUT_RESUMED, EntryKind.DECISION_MADE):
        assert overdue[kind, world.dcc.pk] == 10
        assert overdue[kind, world.supplier.pk] == own.count() < 10
