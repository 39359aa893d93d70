"""Reminders before a cut-off, and how a day went: each told once, to each Supplier about its own hubs."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.db.models import Q

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.presentation.moments import working_days_left
from portal.kernel.working_days import LONDON, local_day
from rollouts import services
from rollouts.models import Target
from rollouts.states import FailureCode, TargetState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rollout(rollout):
    FeedOutbox.objects.all().delete()
    return rollout


def entries(kind):
    return {
        entry.party_id: entry.data for entry in FeedOutbox.objects.filter(kind=kind, guid=None).order_by("id")
    }


def morning_with(days, cutoff_at):
    """Return the latest morning at which so many working days are left."""
    day = local_day(cutoff_at)
    while True:
        at = datetime.combine(day, time(7), tzinfo=LONDON)
        if at < cutoff_at and working_days_left(cutoff_at, now=at) == days:
            return at
        day -= timedelta(days=1)


@pytest.mark.parametrize("days", [14, 7, 1])
def test_suppliers_are_reminded_once_of_hubs_that_wait_for_their_answer(world, rollout, days):
    at = morning_with(days, rollout.cutoff_at)

    parties = services.summarise(now=at)
    again = services.summarise(now=at + timedelta(hours=1))

    reminders = entries(EntryKind.WINDOW_CLOSING)
    assert parties == len(reminders) > 1
    assert again == 0
    own = reminders[world.supplier.pk]
    assert own["working_days"] == days
    mine = Q(import_supplier_id=world.supplier.pk) | Q(gas_supplier_id=world.supplier.pk)
    assert own["hubs"] == Target.objects.filter(mine, rollout_id=rollout.pk).count()


def test_nobody_is_reminded_on_other_days_or_before_the_morning(rollout):
    at = morning_with(7, rollout.cutoff_at)

    assert services.summarise(now=morning_with(9, rollout.cutoff_at)) == 0
    assert services.summarise(now=at - timedelta(hours=1)) == 0


@pytest.mark.requirement("R6.7")
def test_each_supplier_reads_once_how_yesterday_went_with_its_own_hubs(world, rollout, now):
    own = Target.objects.filter(rollout_id=rollout.pk, import_supplier_id=world.supplier.pk)
    first, second, third, *_ = own.order_by("guid").values_list("guid", flat=True)
    targets = Target.objects.filter(rollout_id=rollout.pk)
    targets.filter(guid=first).update(state=TargetState.ACTIVATED, state_at=now)
    targets.filter(guid=second).update(
        state=TargetState.VERIFICATION_FAILED, code=FailureCode.VERIFICATION_FAILED, state_at=now
    )
    targets.filter(guid=third).update(
        state=TargetState.NO_CONFIRMATION, code=FailureCode.NO_RESPONSE, state_at=now
    )
    morning = datetime.combine(local_day(now) + timedelta(days=1), time(7), tzinfo=LONDON)

    services.summarise(now=morning)
    services.summarise(now=morning + timedelta(hours=2))

    assert FeedOutbox.objects.filter(kind=EntryKind.DIGEST, party_id=world.supplier.pk).count() == 1
    digest = entries(EntryKind.DIGEST)[world.supplier.pk]
    assert digest["day"] == local_day(now).isoformat()
    assert (digest["activated"], digest["not_confirmed"]) == (1, 1)
    assert digest["failed"] == {FailureCode.VERIFICATION_FAILED.label: 1}
    assert (
        digest["awaiting_you"]
        == own.count()
        - 3
        + targets.filter(gas_supplier_id=world.supplier.pk)
        .exclude(import_supplier_id=world.supplier.pk)
        .count()
    )
