"""Silence is never success: it is read, tried again, or said to be unconfirmed."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection

from portal.kernel import sql
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Command, HubInFlight, Rollout
from rollouts.states import CommandKind, CommandStatus, FailureCode, Region
from tests.factories import make_rollout
from tests.integration.dispatching import dispatch, settle, states, target

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def rollout(rollout, now):
    """All of its hubs hold the image and were told to activate three hours ahead."""
    settle(rollout, state=40, effective_at=now + 3 * HOUR)
    services.plan_due(now)
    dispatch(now)
    return rollout


def readings():
    return Command.objects.filter(kind=CommandKind.READ)


@pytest.mark.requirement("R4.8")
def test_a_silent_activation_is_read_twice_and_then_said_to_be_unconfirmed(csp, world, rollout, now):
    due = now + 3 * HOUR
    settle(rollout, state=60, where=f"guid >= {world.guid(4)}")

    assert services.follow_up_silence(due + 23 * HOUR).to_read == 0
    assert services.follow_up_silence(due + 24 * HOUR).to_read == 4
    assert services.follow_up_silence(due + 25 * HOUR).to_read == 0
    assert dispatch(due + 25 * HOUR) == 4
    assert csp.commands[-1]["path"] == "/commands/read"
    assert services.follow_up_silence(due + 71 * HOUR).to_read == 0
    assert services.follow_up_silence(due + 72 * HOUR).to_read == 4
    assert dispatch(due + 72 * HOUR) == 4
    assert services.follow_up_silence(due + 95 * HOUR).given_up == 0
    assert states(rollout) == {50: 4, 60: 16}

    assert services.follow_up_silence(due + 96 * HOUR).given_up == 4

    assert states(rollout) == {52: 4, 60: 16}
    assert target(rollout, world.guid(0)).code == FailureCode.NO_RESPONSE
    assert not HubInFlight.objects.filter(guid=world.guid(0)).exists()
    rows = sql.rows("SELECT party_id, count(*) AS n FROM events_feed_outbox WHERE kind = 6 GROUP BY 1")
    assert {row.party_id: row.n for row in rows} == {world.supplier.pk: 4}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0


def test_a_reading_that_never_reached_the_csp_gives_nobody_up(csp, world, rollout, now):
    due = now + 3 * HOUR
    services.follow_up_silence(due + 24 * HOUR)
    services.follow_up_silence(due + 72 * HOUR)

    assert services.follow_up_silence(due + 300 * HOUR).given_up == 0
    assert states(rollout) == {50: 20}


def test_silence_is_followed_up_though_the_rollout_is_halted(csp, world, rollout, now):
    Rollout.objects.update(status="SUSPENDED", stood_at="SAFE_LAUNCH", halted_at=now)

    assert services.follow_up_silence(now + 27 * HOUR).to_read == 20
    assert dispatch(now + 27 * HOUR) == 20


def test_an_image_nobody_has_heard_of_is_sent_again_and_fails_in_the_end(csp, world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout)
    services.plan_due(now)
    dispatch(now)
    settle(rollout, state=30, attempts=5, where=f"guid < {world.guid(2)}")

    assert services.follow_up_silence(now + timedelta(days=9)).retried == 0
    assert services.follow_up_silence(now + timedelta(days=10)).retried == 20

    assert states(rollout) == {20: 18, 31: 2}
    assert target(rollout, world.guid(5)).code == FailureCode.DELIVERY_SILENCE
    assert services.plan_due(now + timedelta(days=10, hours=11)) == 0
    cache.clear()  # after a scan that took long, the next one rests
    assert services.plan_due(now + timedelta(days=10, hours=12)) == 1


def test_many_silent_hubs_are_followed_up_some_at_a_time(csp, world, now, monkeypatch):
    monkeypatch.setattr("rollouts.services.dispatch.read_versions.MOST_AT_ONCE", 3)
    rollout = make_rollout(world, now=now)
    settle(rollout)
    services.plan_due(now)
    dispatch(now)

    assert services.retry_undelivered(rollout.pk, now=now + timedelta(days=10)) == 3
    assert services.follow_up_silence(now + timedelta(days=10)).retried == 17


@pytest.mark.requirement("R4.11")
def test_unreachable_hubs_are_tried_until_the_rollouts_own_date_and_then_counted(csp, world, now):
    rollout = make_rollout(world, now=now)
    until = now + timedelta(days=200)
    Rollout.objects.update(unreachable_until=until)
    settle(rollout, code=FailureCode.UNREACHABLE, attempts=50, where=f"guid < {world.guid(3)}")
    settle(
        rollout,
        state=40,
        code=FailureCode.ACTIVATION_UNREACHABLE,
        where=f"guid BETWEEN {world.guid(3)} AND {world.guid(4)}",
    )
    settle(rollout, state=60, where=f"guid > {world.guid(4)}")

    services.follow_up_silence(until - HOUR)
    assert states(rollout) == {20: 3, 40: 2, 60: 15}
    services.follow_up_silence(until)

    assert states(rollout) == {31: 3, 51: 2, 60: 15}
    assert target(rollout, world.guid(0)).code == FailureCode.UNREACHABLE_UNTIL_END
    assert services.complete_finished(until) == 1
    assert services.complete_finished(until) == 0
    assert Rollout.objects.get(pk=rollout.pk).status == "COMPLETE"


def test_hubs_that_no_csp_serves_end_with_those_out_of_reach(world, now):
    rollout = make_rollout(world, now=now)
    until = now + timedelta(days=200)
    Rollout.objects.update(unreachable_until=until)
    settle(rollout, where=f"guid = {world.guid(0)}", region=Region.UNKNOWN)
    settle(rollout, state=60, where=f"guid > {world.guid(0)}")

    assert services.follow_up_silence(until - HOUR).given_up == 0
    assert services.follow_up_silence(until).given_up == 1

    assert states(rollout) == {31: 1, 60: 19}
    assert target(rollout, world.guid(0)).code == FailureCode.UNREACHABLE_UNTIL_END


def test_a_complete_rollout_leaves_no_command_ready(world, rollout, now):
    settle(rollout, state=60)
    Command.objects.create(
        rollout_id=rollout.pk,
        kind=1,
        region=2,
        guids=[world.guid(0)],
        hub_count=1,
        due_at=now,
        created_at=now,
    )

    services.complete_finished(now)

    assert Command.objects.latest("id").status == CommandStatus.DROPPED


@pytest.mark.requirement("R4.11")
def test_a_rollout_with_one_hub_under_way_is_not_complete(csp, world, rollout, now):
    settle(rollout, state=60, where=f"guid > {world.guid(0)}")

    assert services.complete_finished(now) == 0


# On request


@pytest.mark.requirement("R4.8")
def test_a_supplier_has_its_own_hub_read_at_any_time(csp, world, now):
    requested = services.request_read(world.as_supplier, guids=[world.guid(0), world.guid(9)], now=now)

    assert (requested.requested, requested.not_yours) == (2, 0)
    assert dispatch(now) == 2
    assert sorted(csp.hubs("read")) == ["00-DB-12-34-00-00-00-00", "00-DB-12-34-00-00-00-09"]
    command = readings().get()
    assert (command.requested_by_id, command.rollout_id) == (world.supplier.pk, None)
    assert command.status == CommandStatus.SENT


def test_the_hub_of_another_and_an_unknown_one_read_the_same(csp, world, now):
    for foreign in (world.guid(17), world.guid(4711)):
        with pytest.raises(NotFound) as refusal:
            services.request_read(world.as_supplier, guids=[foreign], now=now)
        assert refusal.value.message == "Not a hub of yours in the inventory. Check the GUID."
    mixed = services.request_read(
        world.as_supplier, guids=[world.guid(0), world.guid(17), world.guid(4711)], now=now
    )
    assert (mixed.requested, mixed.not_yours) == (1, 2)


def test_a_reading_under_way_is_not_asked_for_twice(csp, world, now):
    services.request_read(world.as_supplier, guids=[world.guid(9)], now=now)

    assert services.request_read(world.as_supplier, guids=[world.guid(9)], now=now).under_way == 1
    assert services.request_read(world.as_other, guids=[world.guid(9)], now=now).requested == 1
    dispatch(now)
    later = now + timedelta(minutes=11)
    assert services.request_read(world.as_supplier, guids=[world.guid(9)], now=later).requested == 1


def test_nobody_else_asks_for_readings(csp, world, now):
    with pytest.raises(NotPermitted):
        services.request_read(world.as_csp, guids=[world.guid(0)], now=now)
    with pytest.raises(BadInput):
        services.request_read(world.as_supplier, guids=[], now=now)


@pytest.mark.requirement("R4.8")
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_read_a_hub_once(csp, world, rollout, now, monkeypatch):
    due = now + 3 * HOUR
    fetch_one, both_have_looked = sql.fetch_one, threading.Barrier(2, timeout=1)

    def fetch_and_wait(app, name, **params):
        rows = fetch_one(app, name, **params)
        if name == "read_silent":
            with suppress(threading.BrokenBarrierError):
                both_have_looked.wait()
        return rows

    def follow_up():
        services.follow_up_silence(due + 24 * HOUR)
        connection.close()

    monkeypatch.setattr(sql, "fetch_one", fetch_and_wait)
    workers = [threading.Thread(target=follow_up) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(command.hub_count for command in readings()) == 20


@pytest.mark.requirement("R4.8")
def test_an_activation_whose_cancel_was_refused_is_read_all_the_same(csp, world, rollout, now):
    due = now + 3 * HOUR
    services.halt(world.operator, rollout_id=rollout.pk, verb="suspend", reason="A test.", now=now)
    csp.answers = lambda _command: (400, {})
    dispatch(now)
    assert states(rollout) == {50: 20}

    assert services.follow_up_silence(due + 23 * HOUR).to_read == 0
    assert services.follow_up_silence(due + 24 * HOUR).to_read == 20
