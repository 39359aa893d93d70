"""The curve of a rollout: how many hubs had activated by when, and when the rest will have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.working_days import local_day, start_of_local_day
from rollouts.queries.rollouts.progress import ActivationPlan, Progress, Viewer

_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """So many hubs had, or will have, activated by this moment."""

    at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class ActivationCurve:
    """What was, and what the plan and the present pace come to; failed hubs are left out of `total`."""

    points: Sequence[CurvePoint]
    forecast: Sequence[CurvePoint]
    total: int
    left_out: int
    """Hubs that failed for good, or never confirmed."""
    overdue: int
    """Hubs whose day has passed, and that are not settled."""
    deadline: datetime


def activation_curve(
    scope: Scope,
    rollout_id: int,
    *,
    progress: Progress,
    plan: ActivationPlan,
    notified_at: datetime,
    automatic_at: datetime,
    is_halted: bool,
    now: datetime,
) -> ActivationCurve:
    """Return the curve of a rollout, with the viewer's own numbers: one small read beside what is given.

    Nothing is forecast of a rollout that is halted.
    """
    viewer = Viewer.of(scope)
    rows = sql.fetch_all("rollouts", "activation_curve", rollout_id=rollout_id, **viewer.params)
    points = _points(rows, since=notified_at, now=now, activated=progress.activated)
    total = progress.total - progress.failed
    ahead, overdue = ({}, 0) if is_halted else _ahead(plan.days, now=now)
    return ActivationCurve(
        points=points,
        forecast=_forecast(points, ahead, overdue, total=total, automatic_at=automatic_at, now=now),
        total=total,
        left_out=progress.failed,
        overdue=overdue,
        deadline=automatic_at,
    )


def _points(rows: Iterable[Any], *, since: datetime, now: datetime, activated: int) -> list[CurvePoint]:
    """Sum the regions up at each moment, from none at the notice to what the tallies say now."""
    latest: dict[int, int] = {}
    by_moment: dict[datetime, int] = {min(since, now): 0}
    for row in rows:
        latest[row.region] = row.activated
        if row.at < now:
            by_moment[row.at] = sum(latest.values())
    by_moment[now] = activated
    points: list[CurvePoint] = []
    for at, value in sorted(by_moment.items()):
        if points and at - points[-1].at > 2 * _A_DAY and value != points[-1].value:
            points.append(CurvePoint(at - _A_DAY, points[-1].value))  # a number stands until the next one
        points.append(CurvePoint(at, value))
    return points


def _ahead(days: Mapping[date, Mapping[str, int]], *, now: datetime) -> tuple[dict[date, int], int]:
    today = local_day(now)
    ahead = {day: sum(counts.values()) for day, counts in sorted(days.items()) if day >= today}
    overdue = sum(sum(counts.values()) for day, counts in days.items() if day < today)
    return ahead, overdue


def _forecast(
    points: Sequence[CurvePoint],
    ahead: Mapping[date, int],
    overdue: int,
    *,
    total: int,
    automatic_at: datetime,
    now: datetime,
) -> list[CurvePoint]:
    """Add what is planned, each on its day, and what is overdue at the pace of the last day."""
    if not ahead and not overdue:
        return []
    pace = _pace(points, now=now)
    moments = {_moment_of(day, automatic_at, now=now): 0 for day in ahead}
    if automatic_at > now:
        moments.setdefault(automatic_at, 0)
    if overdue and pace:
        caught_up = now + _A_DAY * (overdue / pace)
        moments.setdefault(min(caught_up, now + 366 * _A_DAY), 0)
    for day, hubs in ahead.items():
        moments[_moment_of(day, automatic_at, now=now)] += hubs
    points_ahead, planned, before = [], points[-1].value, points[-1].at

    def point(at: datetime) -> CurvePoint:
        late = min(overdue, int(pace * ((at - now) / _A_DAY) + 0.5)) if pace else 0
        return CurvePoint(at, min(planned + late, total))

    for at, hubs in sorted(moments.items()):
        if hubs and at - _A_DAY > before:
            points_ahead.append(point(at - _A_DAY))  # nothing of the plan until its day begins
        planned += hubs
        points_ahead.append(point(at))
        before = at
    return points_ahead


def _moment_of(day: date, automatic_at: datetime, *, now: datetime) -> datetime:
    """Return when a day's hubs are through: at its end, but those of the automatic time at that time."""
    if day == local_day(automatic_at) and automatic_at > now:
        return automatic_at
    return start_of_local_day(day + _A_DAY).astimezone(UTC)


def _pace(points: Sequence[CurvePoint], *, now: datetime) -> float:
    """Return how many hubs activated a day, over the last day or since the beginning if that is less."""
    before = [point for point in points if point.at <= now - _A_DAY]
    if before:
        won, span = points[-1].value - before[-1].value, _A_DAY
    else:
        won, span = points[-1].value, max(now - points[0].at, timedelta(hours=1))
    return max(won, 0) * (_A_DAY / span)
