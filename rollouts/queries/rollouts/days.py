"""One day of activations, rollout by rollout: what stands behind a day of all rollouts together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from portal.identity.scope import Scope
from portal.kernel.refusals import NotPermitted
from portal.kernel.working_days import local_day
from rollouts.queries.rollouts.dashboard import MOST_ROLLOUTS
from rollouts.queries.rollouts.progress import ActivationPlan, plans_of
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.states import RUNNING_STATUSES, Region


@dataclass(frozen=True, slots=True)
class RolloutDay:
    """How many hubs of one rollout activate on a day if nobody does anything more."""

    rollout_id: int
    name: str
    hubs: int
    reasons: Mapping[str, int]
    """By TimeReason; of a region alone this is not counted."""


def activations_on(
    scope: Scope, *, day: date, region: Region | None = None, now: datetime
) -> list[RolloutDay]:
    """Return the rollouts of which hubs activate on a day, local time; what is overdue counts today.

    Raises:
        NotPermitted: the Panel sees no single hubs, and so no lists of them.
    """
    if scope.is_panel:
        raise NotPermitted("The Panel sees rollouts and their figures, not single hubs.")
    running = visible_rollouts(scope).filter(status__in=RUNNING_STATUSES).order_by("automatic_at", "id")
    names = dict(running.values_list("pk", "name")[:MOST_ROLLOUTS])
    today = local_day(now)
    rows = []
    for rollout_id, plan in plans_of(scope, names).items():
        reasons = _reasons(plan, day, today=today)
        regional = plan.by_region.get(region, {}) if region is not None else {}
        hubs = (
            reasons.total()
            if region is None
            else sum(n for on, n in regional.items() if max(on, today) == day)
        )
        if hubs:
            rows.append(RolloutDay(rollout_id, names[rollout_id], hubs, {} if region else reasons))
    return rows


def _reasons(plan: ActivationPlan, day: date, *, today: date) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for on, counts in plan.days.items():
        if max(on, today) == day:
            reasons.update(counts)
    return reasons
