"""What a list shows beside each rollout: its activations day by day, each viewer's own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import sql
from rollouts import services
from rollouts.queries.rollouts.trends import TREND_DAYS, activation_trends
from rollouts.states import Region
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R4.5")]


def activate(world, *numbers, at):
    sql.run(
        "UPDATE rollouts_target SET consent = 4, state = 60, state_at = %(at)s WHERE guid = ANY(%(guids)s)",
        {"guids": [world.guid(n) for n in numbers], "at": at},
    )
    services.note_activations(at)


@pytest.fixture
def rollout(world, now):
    return make_rollout(world, now=now)


def trend(scope, rollout, *, now):
    return list(activation_trends(scope, [rollout.pk], now=now).by_rollout.get(rollout.pk, ()))


def test_each_viewer_sees_its_own_hubs_by_day(world, rollout, now):
    activate(world, 0, 1, 16, at=now + timedelta(days=1))
    activate(world, 2, at=now + timedelta(days=3))
    later = now + timedelta(days=4)

    assert trend(world.operator, rollout, now=later)[-4:] == [3, 0, 1, 0]
    assert trend(world.as_supplier, rollout, now=later)[-4:] == [2, 0, 1, 0]
    assert trend(world.as_other, rollout, now=later)[-4:] == [1, 0, 0, 0]
    assert trend(world.as_third, rollout, now=later) == []
    assert trend(world.as_csp, rollout, now=later)[-4:] == [3, 0, 1, 0]


def test_what_lies_further_back_is_not_counted_again(world, rollout, now):
    activate(world, 0, 1, at=now + timedelta(days=1))
    activate(world, 2, at=now + timedelta(days=20))

    days = trend(world.operator, rollout, now=now + timedelta(days=21))

    assert len(days) == TREND_DAYS
    assert sum(days) == 1
    assert days[-2] == 1


def test_regions_have_their_trends_for_dcc_and_csp_alone(world, rollout, now):
    sql.run("UPDATE rollouts_target SET region = 3 WHERE guid = %(guid)s", {"guid": world.guid(1)})
    activate(world, 0, 1, at=now + timedelta(days=1))
    later = now + timedelta(days=2)

    for scope in (world.operator, world.as_csp):
        regions = activation_trends(scope, [rollout.pk], now=later).by_region
        assert {region: sum(days) for region, days in regions.items()} == {Region.CENTRAL: 1, Region.SOUTH: 1}
    assert activation_trends(world.as_supplier, [rollout.pk], now=later).by_region == {}
