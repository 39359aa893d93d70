"""Dispatch: claim, call, settle; each step may be the last one before a crash."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from portal.kernel import guid as guids
from portal.kernel import locks, sql
from portal.kernel.transactions import UnitOfWorkOpen, unit_of_work
from rollouts import gateways, services
from rollouts.models import (
    Batch,
    Command,
    CplEntry,
    CspChannel,
    Hub,
    HubInFlight,
    Rollout,
    TallyState,
)
from rollouts.ports import CspRoute
from rollouts.rules import activation
from rollouts.services.dispatch import backoff
from rollouts.services.dispatch.send import _channel
from rollouts.states import CommandKind, CommandStatus, Consent, FailureCode
from tests.factories import make_rollout
from tests.integration.dispatching import dispatch, settle, states, target

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


@pytest.fixture(autouse=True)
def _no_scan_rests(monkeypatch):
    # On a slow machine a scan would rest, by the wall clock, while hours pass in a test.
    monkeypatch.setattr(backoff, "_WORTH_RESTING", float("inf"))


def wait(seconds):
    """Let so many seconds pass for whoever rests."""
    for table, column in (("rollouts_cspchannel", "paused_until"), ("rollouts_command", "next_try_at")):
        sql.run(f"UPDATE {table} SET {column} = {column} - %(by)s", {"by": timedelta(seconds=seconds)})


def recall_of(csp, hub):
    """The cancel that names a hub."""
    return next(c["command_id"] for c in csp.commands if "cancel" in c["path"] and hub in c["hubs"])


def network(csp):
    return gateways.network_of(CspRoute(base_url=csp.url, token="test-token"))


# The way through


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


# Crashes, doubles, loss


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


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_csp_is_left_in_peace_as_long_as_it_asks(csp, rollout, now, status):
    services.plan_due(now)
    csp.answers = lambda _: (status, {"Retry-After": "120"})

    assert dispatch(now) == 0
    wait(seconds=110)
    assert dispatch(now) == 0
    assert len(csp.commands) == 1
    assert services.regions_with_work(now) == []
    assert Command.objects.get().left_at is None

    csp.answers = lambda _: (202, {})
    wait(seconds=10)
    assert services.regions_with_work(now) == [2]
    assert dispatch(now) == 40
    assert len(set(csp.ids())) == 1
    assert CspChannel.objects.get(region=2).paused_until is None


def test_a_rest_goes_by_the_clock_of_the_csp_whatever_the_portals_does(csp, rollout, now):
    services.plan_due(now)
    csp.answers = lambda _: (429, {"Retry-After": "120"})
    dispatch(now)

    csp.answers = lambda _: (202, {})
    assert dispatch(now + timedelta(days=3)) == 0
    wait(seconds=120)
    assert dispatch(now - timedelta(days=3)) == 40


@pytest.mark.parametrize("header", ["9" * 40, "\u00b2", "Mon, 01 Jan 9999 00:00:00 GMT", "-5"])
def test_a_rest_nobody_can_have_meant_does_not_stop_a_region(csp, rollout, now, header):
    services.plan_due(now)
    csp.answers = lambda _: (503, {"Retry-After": header})

    assert dispatch(now) == 0
    wait(seconds=24 * 3600)
    csp.answers = lambda _: (202, {})
    assert dispatch(now) == 40


def test_a_clock_put_back_does_not_stop_a_region(csp, rollout, now):
    services.plan_due(now)
    CspChannel.objects.update(tokens=-1, capacity_per_second=100)
    sql.run("UPDATE rollouts_cspchannel SET refilled_at = clock_timestamp() + interval '1 hour'")

    assert dispatch(now) == 40


@pytest.mark.requirement("R3.11")
@pytest.mark.parametrize("answer", [(503, {}), None])
def test_what_rested_at_the_csp_is_looked_at_again_before_it_goes(csp, world, rollout, now, answer):
    at = now + timedelta(hours=5)
    settle(
        rollout, state=40, effective_at=at, import_answer=1, import_time=at, where=f"guid < {world.guid(3)}"
    )
    services.plan_due(now)
    csp.answers = lambda _: answer
    dispatch(now)
    gone, moved = world.guid(0), world.guid(1)
    settle(rollout, state=90, code=60, where=f"guid = {gone}")
    change = (moved, world.third.pk, world.third.pk)
    services.change_suppliers(world.operator, changes=[change], effective_at=now, now=now)
    csp.answers = lambda _: (202, {})
    csp.commands.clear()
    wait(seconds=600)

    dispatch(now)

    activated, recalled = csp.hubs("activate"), csp.hubs("cancel")
    assert guids.Guid.from_db(gone) not in map(guids.Guid.parse, activated)
    assert str(guids.Guid.from_db(world.guid(2))) in activated
    its_name = str(guids.Guid.from_db(moved))
    if answer:  # it had not left
        assert its_name not in activated
        assert (target(rollout, moved).state, target(rollout, moved).consent) == (40, Consent.AWAITING)
    else:
        assert csp.ids().index(recall_of(csp, its_name)) > 0
        assert its_name in recalled
        assert target(rollout, moved).state == 55


def test_a_command_that_rested_until_nothing_was_left_of_it_is_not_sent(csp, rollout, now):
    services.plan_due(now)
    csp.answers = lambda _: (503, {})
    dispatch(now)
    settle(rollout, state=90, code=60)
    csp.commands.clear()
    wait(seconds=600)

    assert dispatch(now) == 0
    assert csp.commands == []
    assert Command.objects.get().status == CommandStatus.DROPPED


def test_a_lost_answer_may_have_been_a_yes(csp, rollout, now):
    services.plan_due(now)
    csp.answers = lambda _: None

    dispatch(now)

    command = Command.objects.get()
    assert (command.status, command.left_at) == (CommandStatus.CLAIMED, now)
    assert CspChannel.objects.get(region=2).failures == 1
    csp.answers = lambda _: (202, {})
    wait(seconds=60)
    assert dispatch(now) == 40
    assert csp.ids() == [command.pk, command.pk]


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_token_or_address_is_no_failure_of_any_hub(csp, rollout, now, status):
    services.plan_due(now)
    csp.answers = lambda _: (status, {})

    dispatch(now)

    assert states(rollout) == {30: 40}
    command = Command.objects.get()
    assert (command.status, command.left_at) == (CommandStatus.CLAIMED, None)
    assert str(status) in CspChannel.objects.get(region=2).last_problem


def test_a_csp_that_is_not_there_is_tried_again(csp, world, rollout, now):
    CspChannel.objects.update(base_url="http://127.0.0.1:1")
    services.plan_due(now)

    assert dispatch(now) == 0
    CspChannel.objects.update(base_url=csp.url)
    wait(seconds=60)
    assert dispatch(now) == 40


def test_a_refused_command_puts_its_hubs_back_and_shows_the_problem(csp, world, rollout, now):
    services.plan_due(now)
    csp.answers = lambda _: (400, {})

    dispatch(now)

    command = Command.objects.get()
    assert command.status == CommandStatus.REFUSED
    assert command.problem.startswith("400")
    assert states(rollout) == {20: 40}
    assert target(rollout, world.guid(0)).code == FailureCode.TRANSFER_FAILED
    assert services.plan_due(now + timedelta(hours=3)) == 0
    assert services.plan_due(now + timedelta(hours=4)) == 1


def test_a_command_refused_too_often_fails_its_hubs(csp, world, rollout, now):
    settle(rollout, attempts=4)
    services.plan_due(now)
    csp.answers = lambda _: (422, {})

    dispatch(now)

    assert states(rollout) == {31: 40}
    assert not HubInFlight.objects.exists()
    parties = sql.rows("SELECT DISTINCT party_id FROM events_feed_outbox WHERE kind = 5 AND code = 11")
    assert {row.party_id for row in parties} == {world.supplier.pk, world.other.pk, world.third.pk}


# Judged again at the claim


def test_hubs_that_changed_since_they_were_planned_are_left_out(csp, world, rollout, now):
    services.plan_due(now)
    Hub.objects.filter(guid=world.guid(0)).update(import_supplier=world.third)
    Hub.objects.filter(guid=world.guid(1)).update(cpl_entry=world.target)
    Hub.objects.filter(guid=world.guid(2)).update(smi_status=6)
    settle(rollout, state=10, consent=2, where=f"guid = {world.guid(3)}")
    settle(rollout, state=90, where=f"guid = {world.guid(4)}")
    Hub.objects.filter(guid=world.guid(5)).update(gas_supplier=None)

    assert dispatch(now) == 34

    left = {world.guid(n) for n in range(6)}
    assert set(Command.objects.get().guids).isdisjoint(left)
    assert states(rollout) == {10: 1, 20: 4, 30: 34, 90: 1}
    assert not HubInFlight.objects.filter(guid__in=left).exists()


@pytest.mark.requirement("R1.6")
def test_a_hub_that_has_left_the_upgrade_path_is_left_out(csp, world, rollout, now):
    services.plan_due(now)
    Hub.objects.filter(guid__gte=world.guid(3)).update(cpl_entry_id=world.oldest.pk)

    assert dispatch(now) == 3

    assert states(rollout) == {20: 37, 30: 3}


def test_an_activation_whose_time_was_changed_is_left_out(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)
    settle(rollout, state=40, effective_at=now + timedelta(days=3), where=f"guid < {world.guid(10)}")

    assert dispatch(now) == 30
    assert states(rollout) == {40: 10, 50: 30}


def test_an_activation_claimed_just_after_its_time_goes_without_a_date(csp, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)

    assert dispatch(now + timedelta(hours=1, minutes=10)) == 40
    assert "execute_at" not in csp.commands[0]


@pytest.mark.requirement("R3.12")
def test_an_activation_claimed_long_after_its_time_goes_at_night(csp, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)

    assert dispatch(now + timedelta(hours=2)) == 40
    sent_for = datetime.fromisoformat(csp.commands[0]["execute_at"])
    assert activation.is_within(sent_for, activation.DEFAULT_HOURS)
    assert now < sent_for < now + timedelta(days=1)


@pytest.mark.requirement("R3.12")
def test_an_activation_that_its_csp_was_too_busy_for_is_sent_for_a_later_night(csp, rollout, now):
    settle(rollout, state=40, effective_at=now + timedelta(hours=1))
    services.plan_due(now)
    csp.answers = lambda _: (429, {"Retry-After": "1"})
    dispatch(now)
    csp.answers = lambda _: (202, {})
    Command.objects.update(next_try_at=None)
    CspChannel.objects.update(paused_until=None)

    assert dispatch(now + timedelta(hours=3)) == 40
    sent_for = datetime.fromisoformat(csp.commands[-1]["execute_at"])
    assert activation.is_within(sent_for, activation.DEFAULT_HOURS)
    assert Command.objects.get().execute_at == sent_for


def test_one_upgrade_is_in_flight_a_hub(csp, world, rollout, now):
    second = make_rollout(world, now=now)
    settle(second)
    services.plan_due(now)
    assert Command.objects.count() == 2

    dispatch(now)

    assert len(csp.hubs()) == len(set(csp.hubs())) == 40
    assert states(rollout) == {30: 40}
    assert states(second) == {20: 40}
    assert services.plan_due(now) == 0


def test_a_command_of_which_nothing_is_left_is_not_sent(csp, rollout, now):
    services.plan_due(now)
    settle(rollout, state=90)

    assert dispatch(now) == 0
    assert csp.commands == []
    assert not Command.objects.exists()


@pytest.mark.requirement("R1.6")
def test_firmware_that_left_the_cpl_suspends_its_rollout_at_dispatch(csp, world, rollout, now):
    services.plan_due(now)
    CplEntry.objects.filter(pk=world.target.pk).update(status="WITHDRAWN")

    assert dispatch(now) == 0

    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"
    assert "Central Products List" in rollout.status_reason
    assert csp.commands == []
    assert Command.objects.get().status == CommandStatus.DROPPED


def test_a_gate_shut_after_planning_holds_its_hubs(csp, rollout, now):
    services.plan_due(now)
    Batch.objects.update(gate_open=False)

    assert dispatch(now) == 0
    assert states(rollout) == {20: 40}


# Capacity, hours, priority


def test_a_region_is_sent_no_more_than_its_capacity(csp, world, rollout, now, settings):
    settings.DISPATCH = {"command_size": 10}
    CspChannel.objects.update(capacity_per_second=1, tokens=1)
    services.plan_due(now)

    assert dispatch(now) == 10  # the bucket may go into debt once
    assert dispatch(now) == 0
    assert _channel(2).tokens < -8

    sql.run("UPDATE rollouts_cspchannel SET refilled_at = clock_timestamp() - interval '11 seconds'")
    assert dispatch(now) == 10


def test_a_night_takes_no_more_than_its_capacity(csp, rollout, now, settings):
    settings.DISPATCH = {"command_size": 10}
    CspChannel.objects.update(capacity_per_night=15)
    services.plan_due(now)

    assert dispatch(now) == 20  # never more than one command too many
    assert dispatch(now + timedelta(hours=1)) == 0
    assert dispatch(now + timedelta(hours=2)) == 20  # noon, London: the next night begins


def test_images_wait_for_their_hours_and_activations_do_not(csp, world, rollout, now):
    settle(rollout, state=40, effective_at=now, where=f"guid < {world.guid(10)}")
    services.plan_due(now)
    CspChannel.objects.update(distribution_hours={"from": "22:00", "to": "05:00"})

    assert dispatch(now) == 10
    assert {c["path"] for c in csp.commands} == {"/commands/activate"}
    assert dispatch(now.replace(hour=23)) == 30


def test_the_hours_of_a_rollout_hold_only_that_rollout(csp, world, rollout, now):
    services.plan_due(now)
    Rollout.objects.update(dispatch_settings={"distribution_hours": {"from": "22:00", "to": "05:00"}})

    assert dispatch(now) == 0
    assert dispatch(now.replace(hour=23)) == 30 + 10


def test_what_matters_more_goes_first(csp, world, rollout, now):
    common = {
        "region": 2, "hub_count": 1, "due_at": now, "created_at": now, "cpl_entry_id": world.target.pk,
    }  # fmt: skip
    settle(rollout, state=40, effective_at=now, where=f"guid = {world.guid(1)}")
    settle(rollout, state=50, where=f"guid = {world.guid(2)}", effective_at=now)
    dated = Command.objects.create(
        **common, kind=CommandKind.ACTIVATE, status=CommandStatus.SENT, guids=[world.guid(2)],
        rollout_id=rollout.pk, execute_at=now + timedelta(days=1), sent_at=now,
    )  # fmt: skip
    settle(rollout, state=50, where=f"guid = {world.guid(2)}", command_id=dated.pk)
    for kind, number in [(1, 0), (2, 1), (4, 3), (3, 2)]:
        Command.objects.create(**common, kind=kind, guids=[world.guid(number)], rollout_id=rollout.pk)

    assert dispatch(now) == 4

    assert [c["path"].rsplit("/")[-1] for c in csp.commands] == [
        "cancel",
        "read",
        "activate",
        "distribute",
    ]


# Leases and statements


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
