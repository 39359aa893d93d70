"""What the DCC and the CSPs see of channels, volumes and forecasts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.identity.models import OrganisationKind
from portal.identity.scope import Scope
from portal.kernel.refusals import NotPermitted
from rollouts import services
from rollouts.models import Command, CspChannel, Rollout
from rollouts.queries.dispatch.channels import channel_health
from rollouts.queries.rollouts.forecast import distribution_forecast, forward_schedule
from rollouts.services import HubList
from rollouts.states import CommandStatus, InstructionKind
from tests.factories import OrganisationFactory, UserFactory, make_rollout
from tests.integration.dispatching import settle

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


def test_a_channel_shows_what_waits_and_what_went_wrong(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout)
    services.plan_due(now)
    CspChannel.objects.filter(region=2).update(failures=2, last_problem="503: down")
    CspChannel.objects.filter(region=3).update(paused_until=now + timedelta(minutes=1))
    CspChannel.objects.filter(region=4).update(distribution_hours={"from": "22:00", "to": "05:00"})

    by_region = {channel.region: channel for channel in channel_health(world.operator, now=now)}

    assert [by_region[number].state for number in range(1, 5)] == ["ok", "failing", "resting", "closed"]
    assert (by_region[2].ready_commands, by_region[2].ready_hubs) == (1, 40)
    assert by_region[2].waiting_since == now
    Command.objects.update(status=CommandStatus.SENT, sent_at=now)
    assert channel_health(world.operator, now=now)[1].sent_hubs == 40


def test_a_csp_sees_its_own_regions_and_a_supplier_none(world, now):
    foreign = OrganisationFactory(kind=OrganisationKind.CSP, name="CSP North")
    CspChannel.objects.filter(region=1).update(csp=foreign)
    scope = Scope.of(UserFactory(organisation=foreign))

    assert [channel.region for channel in channel_health(scope, now=now)] == [1]
    assert [each.region for each in distribution_forecast(scope, now=now)] == [1]
    for ask in (channel_health, distribution_forecast):
        with pytest.raises(NotPermitted):
            ask(world.as_supplier, now=now)
    with pytest.raises(NotPermitted):
        forward_schedule(world.as_supplier)


def test_a_csp_sees_volumes_by_region_and_day(world, now):
    rollout = make_rollout(world, now=now)
    first, second = now + timedelta(days=10), now + timedelta(days=11)
    settle(rollout, effective_at=first)
    settle(rollout, state=40, effective_at=second, where=f"guid < {world.guid(10)}")
    settle(rollout, state=60, where=f"guid < {world.guid(3)}")
    settle(rollout, state=40, region=3, effective_at=second, where=f"guid = {world.guid(20)}")
    CspChannel.objects.filter(region=3).update(
        csp=OrganisationFactory(kind=OrganisationKind.CSP, name="CSP South")
    )

    volumes = forward_schedule(world.as_csp)

    assert [(v.day, v.region, v.to_send, v.to_activate) for v in volumes] == [
        (first.date(), 2, 29, 29),
        (second.date(), 2, 0, 7),
    ]
    assert len(forward_schedule(world.operator, rollout_id=rollout.pk)) == 3
    Rollout.objects.update(status="PAUSED", stood_at="SAFE_LAUNCH")
    assert {volume.is_halted for volume in forward_schedule(world.operator)} == {True}


@pytest.mark.requirement("R3.6")
def test_a_forecast_shortfall_is_there_to_be_acted_on(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, consent=5)
    assert {each.shortfall for each in distribution_forecast(world.operator, now=now)} == {0}

    CspChannel.objects.filter(region=2).update(capacity_per_night=1)
    late = rollout.automatic_at - timedelta(days=17)

    central = distribution_forecast(world.operator, now=late)[1]

    assert (central.region, central.hubs, central.shortfall) == (2, 40, 31)
    assert central.late_by_day == ((rollout.automatic_at.date(), 31),)


@pytest.mark.requirement("R3.6")
def test_hubs_that_wait_for_a_second_supplier_are_not_late_at_the_cut_off(world, now):
    rollout = make_rollout(world, now=now)
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(n) for n in (9, 10, 11)]),
        received_at=now,
        activate_at=now + timedelta(days=10),
        now=now,
    )

    assert {each.shortfall for each in distribution_forecast(world.operator, now=now)} == {0}


def test_hubs_in_a_region_without_a_channel_are_late_altogether(world, now):
    rollout = make_rollout(world, now=now)
    settle(rollout, region=7)

    unknown = distribution_forecast(world.operator, now=now)[-1]

    assert (unknown.region, unknown.shortfall, unknown.is_served) == (7, 40, False)
