"""Counts are sums kept by the database; folding changes no sum, and a recount finds no drift."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from portal.kernel import sql
from rollouts import services
from rollouts.models import TallyPlan, TallyState
from tests.factories import make_rollout, make_world

pytestmark = pytest.mark.django_db(transaction=True)


def _move(
    rollout_id: int, *, first: int, last: int, state: int, code: int = 0, table: str = "rollouts_target"
) -> None:
    sql.run(
        f"UPDATE {table} SET state = %(state)s, consent = 4, code = %(code)s"
        " WHERE rollout_id = %(rollout)s AND guid BETWEEN %(first)s AND %(last)s",
        {"state": state, "code": code, "rollout": rollout_id, "first": first, "last": last},
    )


def test_every_statement_on_targets_moves_the_counts(now):
    world = make_world(hubs=200)
    rollout = make_rollout(world, now=now)
    _move(rollout.pk, first=world.guid(0), last=world.guid(99), state=30)
    _move(
        rollout.pk,
        first=world.guid(0),
        last=world.guid(49),
        state=31,
        code=12,
        table=f"rollouts_target_{rollout.pk}",
    )
    sql.run("DELETE FROM rollouts_target WHERE guid = %(guid)s", {"guid": world.guid(199)})

    drift = services.measure_drift(rollout_id=rollout.pk)

    assert (drift.state, drift.plan) == (0, 0)
    assert TallyState.objects.filter(state=31, code=12).aggregate(n=Sum("n"))["n"] == 50


def test_folding_changes_no_sum(now):
    world = make_world(hubs=200)
    rollout = make_rollout(world, now=now)
    for step in range(0, 100, 10):
        _move(rollout.pk, first=world.guid(step), last=world.guid(step + 9), state=30)
    before = TallyState.objects.count()

    assert services.fold_tally(rollout_id=rollout.pk)

    assert TallyState.objects.count() < before
    assert services.measure_drift(rollout_id=rollout.pk).total == 0
    assert not TallyPlan.objects.filter(n__lt=0).exists()


def test_a_wrong_count_shows_as_drift(now):
    world = make_world()
    rollout = make_rollout(world, now=now)
    TallyState.objects.filter(rollout_id=rollout.pk)[:1].get().delete()

    assert services.measure_drift(rollout_id=rollout.pk).state > 0
