"""The world tests are built on stands, and its tallies agree with its targets."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from rollouts.models import TallyPlan, TallyState
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db


def test_tallies_follow_targets_by_themselves(now):
    world = make_world()

    rollout = make_rollout(world, now=now)

    total = TallyState.objects.filter(rollout_id=rollout.pk).aggregate(n=Sum("n"))["n"]
    planned = TallyPlan.objects.filter(rollout_id=rollout.pk).aggregate(n=Sum("n"))["n"]
    assert total == planned == world.hubs
