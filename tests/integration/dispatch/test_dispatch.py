"""Dispatch: claim, call, settle; each step may be the last one before a crash."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from portal.kernel import guid as guids
from portal.kernel import locks, sql
from portal.kernel.transactions import UnitOfWorkOpen, unit_of_work
from rollouts import gateways, services
from rollouts.models import (
    Command,
    CspChannel,
    HubInFlight,
    TallyState,
)
from rollouts.ports import CspRoute
from rollouts.states import CommandStatus
from tests.integration.dispatching import dispatch, settle, states, target

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


def network(csp):
    return gateways.network_of(CspRoute(base_url=csp.url, token="test-token"))


@pytest.mark.requirement("R6.5")
def test_an_image_is_announced_to_the_csp_with_everything_it_needs(csp, world, rollout, now):
    services.plan_due(now)

    assert dispatch(now) == 40

    (command,) = csp.commands
    assert command["path"] == "/commands/distribute"
    assert command["authorization"] == "Bearer test-token"
    assert command["image"] == {
        "manufacturer": "Toshiba",
        "model": "433100AC",
        "version": "0C230000",
        "hash": "0c230000" * 8,
    }
    assert "execute_at" not in command
    assert sorted(command["hubs"]) == guids.format_many([world.guid(n) for n in range(40)])
    stored = Command.objects.get()
    assert (stored.status, stored.sent_at, stored.attempts) == (CommandStatus.SENT, now, 1)
    assert states(rollout) == {30: 40}
    assert {t.command_id for t in [target(rollout, world.guid(0))]} == {stored.pk}
    assert HubInFlight.objects.filter(rollout_id=rollout.pk).count() == 40
    assert CspChannel.objects.get(region=2).last_success_at == now


def test_an_activation_is_sent_with_its_date_and_one_past_due_without(csp, world, rollout, now):
    ahead = now + timedelta(hours=3)
    settle(rollout, state=40, effective_at=ahead, where=f"guid < {world.guid(20)}")
    settle(rollout, state=40, effective_at=now - timedelta(minutes=5), where=f"guid >= {world.guid(20)}")
    services.plan_due(now)

    assert dispatch(now) == 40

    by_date = {command.get("execute_at"): command for command in csp.commands}
    assert set(by_date) == {"2030-03-04T13:00:00Z", None}
    assert {command["path"] for command in csp.commands} == {"/commands/activate"}
    assert states(rollout) == {50: 40}
    assert target(rollout, world.guid(0)).attempts == 1


def test_dispatching_leaves_no_tally_behind(csp, world, rollout, now):
    services.plan_due(now)
    dispatch(now)

    drift = services.measure_drift(rollout_id=rollout.pk)

    assert drift.total == 0
    assert sum(TallyState.objects.filter(state=30).values_list("n", flat=True)) == 40


def test_no_entry_is_written_to_a_feed_for_what_is_only_under_way(csp, rollout, now):
    services.plan_due(now)
    dispatch(now)

    assert sql.rows("SELECT count(*) AS n FROM events_feed_outbox WHERE kind < 100")[0].n == 0


def test_a_network_call_inside_a_transaction_is_refused(csp, rollout, now):
    @unit_of_work
    def wrong():
        services.send_command(network(csp), command_id=1, now=now)

    with pytest.raises(UnitOfWorkOpen):
        wrong()


def test_a_crash_after_the_claim_is_made_good_under_the_same_id(csp, world, rollout, now):
    services.plan_due(now)
    claim = services.claim_next(2, now=now)  # and then the process dies

    assert states(rollout) == {30: 40}
    assert services.regions_with_work(now) == [2]
    assert dispatch(now) == 40
    assert csp.ids() == [claim.command_id]
    assert dispatch(now) == 0


def test_a_crash_before_settling_sends_the_same_id_twice_and_never_another(csp, rollout, now, monkeypatch):
    services.plan_due(now)

    def die(*_, **__):
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("rollouts.services.dispatch.send._settle", die)
        with pytest.raises(RuntimeError):
            dispatch(now)
    assert dispatch(now) == 40

    assert len(csp.ids()) == 2
    assert len(set(csp.ids())) == 1
    assert Command.objects.get().attempts == 2


def test_a_doubled_task_sends_nothing_twice(csp, rollout, now):
    services.plan_due(now)
    dispatch(now)
    command_id = Command.objects.get().pk

    assert services.send_command(network(csp), command_id=command_id, now=now) == 0
    assert dispatch(now) == 0
    assert len(csp.commands) == 1


@pytest.mark.django_db(transaction=True)
def test_a_region_has_one_sender(csp, world, rollout, now):
    services.plan_due(now)
    has_it, may_end = threading.Event(), threading.Event()

    def hold():
        with locks.attempted(locks.LockClass.REGION, 2):
            has_it.set()
            may_end.wait(5)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert has_it.wait(5)
    assert services.regions_with_work(now) == []
    assert dispatch(now) == 0
    may_end.set()
    holder.join()

    assert services.regions_with_work(now) == [2]
    assert dispatch(now) == 40


def test_the_number_of_statements_is_the_same_for_any_number_of_hubs(
    csp, rollout, now, django_assert_max_num_queries
):
    services.plan_due(now)

    with django_assert_max_num_queries(40):
        assert dispatch(now) == 40
