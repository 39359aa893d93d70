"""No more is sent than a region or a night takes, within the hours allowed, and what matters more first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import sql
from rollouts import services
from rollouts.models import (
    Command,
    CspChannel,
    Rollout,
)
from rollouts.services.dispatch.send import _channel
from rollouts.states import CommandKind, CommandStatus
from tests.integration.dispatching import dispatch, settle

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


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
