"""What lies ahead when a rollout is halted, ended or a hub changes hands is recalled from the CSP."""

from __future__ import annotations

import random
import threading
import uuid
from datetime import timedelta

import orjson
import pytest
from django.db import DatabaseError, connection

from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.transactions import unit_of_work
from rollouts import services
from rollouts.csp import alert_lines
from rollouts.models import Command, Hub
from rollouts.services.governance import halt as _halting
from rollouts.services.rollouts import sweep as _sweeping
from rollouts.states import CommandKind, CommandStatus, Consent, FailureCode
from tests.factories import make_rollout, make_world
from tests.integration.deciding import decide, halt
from tests.integration.dispatching import dispatch, settle, states, target

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


@pytest.fixture
def rollout(rollout, csp):
    """Its hubs have been instructed, and wait for their commands."""
    settle(rollout)
    return rollout


@pytest.mark.requirement("R5.6")
def test_activations_dated_ahead_are_cancelled_though_the_rollout_is_halted(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5), where=f"guid < {world.guid(30)}")
    settle(rollout, state=40, effective_at=now, where=f"guid >= {world.guid(30)}")
    services.plan_due(now)
    dispatch(now)
    assert states(rollout) == {50: 40}

    report = halt(world, rollout, now, verb="pause")
    assert (report.status, report.hubs_to_cancel, report.hubs_not_recalled) == ("PAUSED", 30, 10)
    assert report.hubs_by_state == {50: 40}

    assert dispatch(now) == 30
    assert csp.commands[-1]["path"] == "/commands/cancel"
    assert len(csp.hubs("cancel")) == 30
    assert states(rollout) == {50: 10, 55: 30}


def test_halting_twice_cancels_once(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)

    halt(world, rollout, now)
    halt(world, rollout, now + timedelta(minutes=1))
    services.finish_halts(now + timedelta(minutes=2))
    dispatch(now + timedelta(minutes=2))
    services.finish_halts(now + timedelta(minutes=3))

    assert Command.objects.filter(kind=CommandKind.CANCEL).count() == 1
    facts = sql.rows("SELECT count(*) AS n FROM events_event WHERE name = 'rollout.suspended'")
    assert facts[0].n == 1


def test_a_halt_that_is_followed_up_after_the_resume_recalls_nothing(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)
    halted = services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="-", now=now)
    decide(world, rollout, "PROCEED", now)

    report = _halting.follow_up(halted, before={}, now=now)

    assert (report.commands_dropped, report.hubs_put_back, report.hubs_to_cancel) == (0, 0, 0)
    assert not Command.objects.filter(kind=CommandKind.CANCEL).exists()
    assert Command.objects.get().recalled_at is None
    assert states(rollout) == {50: 40}


def test_a_refused_cancel_leaves_the_activation_under_way_and_is_not_tried_for_ever(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)
    halt(world, rollout, now)
    csp.answers = lambda _: (400, {})

    dispatch(now)
    services.finish_halts(now)

    assert states(rollout) == {50: 40}
    assert target(rollout, world.guid(0)).code == FailureCode.CANCEL_FAILED
    assert Command.objects.filter(kind=CommandKind.CANCEL).count() == 1


def test_a_cancel_spares_hubs_whose_time_has_come(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)
    halt(world, rollout, now)

    assert dispatch(now + timedelta(hours=6)) == 0
    assert states(rollout) == {50: 40}


@pytest.mark.requirement("R1.5")
@pytest.mark.parametrize("verb", ["stop", "revoke"])
def test_an_end_leaves_only_what_may_still_activate(csp, world, rollout, now, verb):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5), where=f"guid < {world.guid(10)}")
    services.plan_due(now)
    dispatch(now)
    assert states(rollout) == {30: 30, 50: 10}

    report = halt(world, rollout, now, verb=verb)

    assert states(rollout) == {50: 10, 90: 30}
    assert (report.hubs_to_cancel, report.images_on_their_way) == (10, 30)
    dispatch(now)
    settle(rollout, state=56, where="state = 55")  # as the alerts say
    services.finish_halts(now)
    assert states(rollout) == {90: 40}


@pytest.mark.requirement("R5.6")
def test_a_stop_rolls_nothing_back(csp, world, rollout, now):
    settle(rollout, state=60)
    Hub.objects.update(cpl_entry=world.target)

    halt(world, rollout, now, verb="stop")
    services.finish_halts(now)
    services.plan_due(now)

    assert dispatch(now) == 0
    assert states(rollout) == {60: 40}
    assert not Command.objects.exists()
    assert set(Hub.objects.values_list("cpl_entry_id", flat=True)) == {world.target.pk}


@pytest.mark.requirement("R5.4")
def test_a_resumed_rollout_is_planned_again(csp, world, rollout, now):
    services.plan_due(now)
    halt(world, rollout, now)
    decide(world, rollout, "PROCEED", now)

    assert services.plan_due(now) == 1
    assert dispatch(now) == 40


def test_the_hubs_of_a_change_of_supplier_are_recalled(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)

    @unit_of_work
    def change():
        return services.cancel_hubs(rollout_id=rollout.pk, guids=[world.guid(3), world.guid(4)], now=now)

    assert change() == 2
    assert change() == 0
    assert dispatch(now) == 2
    assert states(rollout) == {50: 38, 55: 2}


@pytest.mark.requirement("R3.11")
@pytest.mark.parametrize("state", [55, 56])
def test_a_hub_that_changes_hands_while_its_rollout_stands_waits_for_its_new_supplier(
    csp, world, rollout, now, state
):
    soon, hub = now + timedelta(hours=5), world.guid(0)
    requested = {"import_answer": 1, "import_time": soon, "answered_at": now, "effective_at": soon}
    settle(rollout, state=40, **requested)
    services.plan_due(now)
    dispatch(now)
    halt(world, rollout, now)
    dispatch(now)
    settle(rollout, state=state)

    services.change_suppliers(
        world.operator, changes=[(hub, world.other.pk, world.other.pk)], effective_at=now, now=now
    )
    # As the answers to the cancels say: what had defaulted only because an activation stood is asked again.
    settle(rollout, state=56, consent=4, where="state = 55 AND consent = 4")
    settle(rollout, state=56, consent=1, where="state = 55")
    decide(world, rollout, "PROCEED", now)
    services.finish_halts(now)

    moved = target(rollout, hub)
    assert (moved.state, moved.consent, moved.import_answer) == (40, Consent.AWAITING, 0)
    assert moved.effective_at == rollout.automatic_at
    services.plan_due(now)
    dispatch(now)
    assert target(rollout, hub).state == 40
    assert target(rollout, world.guid(1)).state == 50


@pytest.mark.django_db(transaction=True)
def test_pages_of_an_end_and_alerts_of_the_same_hubs_do_not_block_each_other(now, monkeypatch, settings):
    settings.EVENT_SUBSCRIBERS = []
    monkeypatch.setattr(_sweeping, "PAGE", 25)
    world = make_world(hubs=600)
    rollout = make_rollout(world, now=now)
    settle(rollout, state=40, consent=5)
    shuffled = random.Random(7).sample(range(600), 400)
    for first in range(0, 400, 50):
        deliver(world, rollout, [world.guid(number) for number in shuffled[first : first + 50]], now)
    services.take_step(world.operator, rollout_id=rollout.pk, verb="revoke", reason="Bad image.", now=now)
    problems, both = [], threading.Barrier(2)

    def run(work):
        try:
            both.wait(5)
            while work():
                pass
        except DatabaseError as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(work,))
        for work in (lambda: services.finish_halts(now), lambda: services.apply_next_batch(now=now))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert problems == []
    assert states(rollout) == {60: 400, 90: 200}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def deliver(world, rollout, guids, now):
    """Let the CSP report that these hubs run the new version, as they were told."""
    command = Command.objects.create(
        rollout_id=rollout.pk,
        kind=CommandKind.ACTIVATE,
        status=CommandStatus.SENT,
        region=2,
        guids=guids,
        hub_count=len(guids),
        due_at=now,
        created_at=now,
    )
    alerts = [
        {
            "alert_id": str(uuid.uuid4()),
            "guid": str(Guid.from_db(guid)),
            "code": "0x8F66",
            "command_id": str(command.pk),
            "firmware_version": "0C230000",
            "occurred_at": now.isoformat(),
        }
        for guid in guids
    ]
    lines = alert_lines.read(b"\n".join(orjson.dumps(alert) for alert in alerts))
    services.receive_alerts(
        csp_id=world.csp.pk, copy_text=lines.copy_text, count=lines.count, received_at=now
    )
