"""A CSP that is busy, silent, wrongly addressed or refuses: what is sent again, when, and what is given up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import guid as guids
from portal.kernel import sql
from rollouts import services
from rollouts.models import (
    Command,
    CspChannel,
    HubInFlight,
)
from rollouts.states import CommandStatus, Consent, FailureCode
from tests.integration.dispatching import dispatch, settle, states, target, wait

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


def recall_of(csp, hub):
    """The cancel that names a hub."""
    return next(c["command_id"] for c in csp.commands if "cancel" in c["path"] and hub in c["hubs"])


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
