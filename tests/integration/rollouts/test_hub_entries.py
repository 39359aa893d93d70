"""Each hub's Suppliers are told of a time that is final, whatever made it so, and of a withdrawal by an end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Q

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from rollouts import services
from rollouts.models import Target
from rollouts.states import FailureCode

pytestmark = pytest.mark.django_db(transaction=True)

SOLE = 0


@pytest.fixture
def rollout(rollout):
    FeedOutbox.objects.all().delete()
    return rollout


def own(rollout, party):
    mine = Q(import_supplier_id=party.pk) | Q(gas_supplier_id=party.pk)
    return set(Target.objects.filter(mine, rollout_id=rollout.pk).values_list("guid", flat=True))


def hubs_notified(kind, party):
    return set(FeedOutbox.objects.filter(kind=kind, party_id=party.pk).values_list("guid", flat=True))


def test_a_cut_off_tells_suppliers_the_time_of_each_of_their_hubs(world, rollout):
    services.close_window(rollout_id=rollout.pk, now=rollout.cutoff_at + timedelta(hours=1))

    for party in (world.supplier, world.other):
        assert hubs_notified(EntryKind.HUB_SCHEDULED, party) == own(rollout, party)
    (time,) = {
        entry.data["effective_at"] for entry in FeedOutbox.objects.filter(kind=EntryKind.HUB_SCHEDULED)
    }
    assert time == f"{rollout.automatic_at:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.requirement("R3.11")
def test_whoever_gains_a_hub_is_told_its_time_and_the_loser_is_not(world, rollout):
    at = rollout.cutoff_at + timedelta(hours=1)
    services.close_window(rollout_id=rollout.pk, now=at)
    FeedOutbox.objects.all().delete()

    services.change_suppliers(
        world.operator,
        changes=[(world.guid(SOLE), world.third.pk, world.third.pk)],
        effective_at=at,
        now=at,
        evidence="feed 7",
    )

    assert hubs_notified(EntryKind.HUB_SCHEDULED, world.third) == {world.guid(SOLE)}
    assert not hubs_notified(EntryKind.HUB_SCHEDULED, world.supplier)


@pytest.mark.requirement("R1.5")
def test_a_revocation_tells_suppliers_of_each_hub_that_is_withdrawn(world, rollout, now):
    services.halt(world.operator, rollout_id=rollout.pk, verb="revoke", reason="Wrong image.", now=now)

    for party in (world.supplier, world.other):
        assert hubs_notified(EntryKind.HUB_WITHDRAWN, party) == own(rollout, party)
    codes = FeedOutbox.objects.filter(kind=EntryKind.HUB_WITHDRAWN).values_list("code", flat=True)
    assert set(codes) == {FailureCode.REVOKED}
