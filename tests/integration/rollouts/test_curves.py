"""Curves of rollouts: written from the tallies, read by each viewer for its own hubs, continued by the plan."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from portal.kernel import sql
from rollouts import services
from rollouts.models import ActivationPoint, CspChannel
from rollouts.queries.rollouts.curves import ActivationCurve, activation_curve
from rollouts.queries.rollouts.progress import plans_of, progress_of
from tests.factories import OrganisationFactory, make_rollout

pytestmark = pytest.mark.django_db


def activate(world, *numbers: int, at: datetime) -> None:
    sql.run(
        "UPDATE rollouts_target SET consent = 4, state = 60, state_at = %(at)s WHERE guid = ANY(%(guids)s)",
        {"guids": [world.guid(n) for n in numbers], "at": at},
    )


def curve_of(scope, rollout, *, now: datetime, is_halted: bool = False) -> ActivationCurve:
    return activation_curve(
        scope,
        rollout.pk,
        progress=progress_of(scope, [rollout.pk])[rollout.pk],
        plan=plans_of(scope, [rollout.pk])[rollout.pk],
        notified_at=rollout.notified_at,
        automatic_at=rollout.automatic_at,
        is_halted=is_halted,
        now=now,
    )


def values(curve) -> list[int]:
    return [point.value for point in curve.points]


@pytest.mark.requirement("R4.5")
def test_each_viewer_has_the_curve_of_its_own_hubs(world, now):
    rollout = make_rollout(world, now=now)
    services.note_activations(now)
    for hours, numbers in ((1, (0, 1)), (2, (9,)), (3, (16, 17))):
        activate(world, *numbers, at=now + timedelta(hours=hours))
        services.note_activations(now + timedelta(hours=hours))
    later = now + timedelta(hours=5)

    assert values(curve_of(world.operator, rollout, now=later)) == [0, 2, 3, 5, 5]
    assert values(curve_of(world.as_supplier, rollout, now=later)) == [0, 2, 3, 3]
    assert values(curve_of(world.as_other, rollout, now=later)) == [0, 1, 3, 3]
    assert values(curve_of(world.as_third, rollout, now=later)) == [0, 0]
    assert values(curve_of(world.as_csp, rollout, now=later)) == [0, 2, 3, 5, 5]


@pytest.mark.requirement("R4.5")
def test_a_csp_has_the_curve_of_its_regions(world, now):
    rollout = make_rollout(world, now=now)
    sql.run("UPDATE rollouts_target SET region = 3 WHERE guid >= %(g)s", {"g": world.guid(10)})
    CspChannel.objects.filter(region=3).update(csp=OrganisationFactory(kind="CSP", name="CSP South"))
    activate(world, 0, 1, 16, at=now)
    services.note_activations(now)

    assert values(curve_of(world.as_csp, rollout, now=now + timedelta(hours=2))) == [0, 2, 2]


def test_a_number_that_stands_is_written_once(world, now):
    make_rollout(world, now=now)
    activate(world, 0, at=now)
    assert services.note_activations(now) > 0

    assert services.note_activations(now + timedelta(minutes=1)) == 0
    assert services.note_activations(now + timedelta(hours=4)) == 0
    points = ActivationPoint.objects.filter(party_id=0, region=0)
    assert [(point.at, point.activated) for point in points] == [(now + timedelta(hours=1), 1)]


def test_runs_within_an_hour_leave_one_point(world, now):
    make_rollout(world, now=now)
    for minute, number in enumerate((0, 1, 2)):
        activate(world, number, at=now)
        services.note_activations(now + timedelta(minutes=minute))

    assert ActivationPoint.objects.get(party_id=0, region=0).activated == 3


@pytest.mark.requirement("R4.5")
def test_what_activated_before_the_first_note_is_traced_from_the_targets(world, now):
    rollout = make_rollout(world, now=now - timedelta(days=3))
    activate(world, 0, 1, at=now - timedelta(days=2))
    activate(world, 9, at=now - timedelta(hours=3))

    services.note_activations(now)

    assert values(curve_of(world.operator, rollout, now=now)) == [0, 2, 3, 3]
    assert values(curve_of(world.as_other, rollout, now=now)) == [0, 0, 1, 1]


def test_days_that_lie_back_keep_their_last_point(world, now):
    rollout = make_rollout(world, now=now - timedelta(days=10))
    morning = now.replace(hour=3) - timedelta(days=9)
    for hour in range(4):
        activate(world, hour, at=morning + timedelta(hours=hour))
        services.note_activations(morning + timedelta(hours=hour))
    assert values(curve_of(world.operator, rollout, now=now)) == [0, 1, 2, 3, 4, 4]

    assert services.fold_activations(now) > 0

    assert values(curve_of(world.operator, rollout, now=now)) == [0, 4, 4]
    assert services.fold_activations(now) == 0


@pytest.mark.requirement("R4.5")
def test_the_curve_ends_at_what_the_tallies_say(world, now):
    rollout = make_rollout(world, now=now)
    activate(world, 0, at=now)
    services.note_activations(now)
    activate(world, 1, 2, at=now)

    assert curve_of(world.operator, rollout, now=now + timedelta(minutes=2)).points[-1].value == 3


def test_the_forecast_follows_the_plan_and_reaches_the_rest_at_the_automatic_time(world, now):
    rollout = make_rollout(world, now=now, automatic_at=now + timedelta(days=30))
    sql.run(
        "UPDATE rollouts_target SET consent = 4, effective_at = %(at)s WHERE guid = ANY(%(some)s)",
        {"at": now + timedelta(days=5), "some": [world.guid(n) for n in range(6)]},
    )

    curve = curve_of(world.operator, rollout, now=now)

    day, end = timedelta(days=1), curve.forecast[1].at
    assert end.date() == (now + timedelta(days=6)).date()
    assert [(point.at, point.value) for point in curve.forecast] == [
        (end - day, 0),  # nothing before the day on which they activate
        (end, 6),
        (rollout.automatic_at - day, 6),
        (rollout.automatic_at, 20),
    ]


def test_overdue_hubs_go_on_at_the_pace_of_the_last_day(world, now):
    rollout = make_rollout(world, now=now - timedelta(days=5), automatic_at=now + timedelta(days=30))
    sql.run("UPDATE rollouts_target SET consent = 4, effective_at = %(at)s", {"at": now - timedelta(days=2)})
    activate(world, *range(5), at=now - timedelta(hours=10))
    services.note_activations(now)

    curve = curve_of(world.operator, rollout, now=now)

    assert curve.overdue == 15
    assert curve.forecast[0].at == now + timedelta(days=3)  # 15 hubs at 5 a day
    assert curve.forecast[-1].value == 20


def test_overdue_hubs_that_do_not_move_never_get_there(world, now):
    rollout = make_rollout(world, now=now - timedelta(days=5), automatic_at=now + timedelta(days=3))
    sql.run("UPDATE rollouts_target SET consent = 4, effective_at = %(at)s", {"at": now - timedelta(days=2)})

    assert [point.value for point in curve_of(world.operator, rollout, now=now).forecast] == [0]


def test_failed_hubs_are_left_out_and_a_halted_update_is_not_foretold(world, now):
    rollout = make_rollout(world, now=now)
    sql.run(
        "UPDATE rollouts_target SET consent = 4, state = 31, code = 19 WHERE guid = %(g)s",
        {"g": world.guid(0)},
    )

    curve = curve_of(world.operator, rollout, now=now)

    assert (curve.total, curve.left_out, curve.forecast[-1].value) == (19, 1, 19)
    assert curve_of(world.operator, rollout, now=now, is_halted=True).forecast == []
