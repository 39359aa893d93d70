"""How many hubs activated on each of the last days, by rollout and by region: for lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.working_days import local_day, start_of_local_day
from rollouts.queries.rollouts.progress import Viewer
from rollouts.states import Region

TREND_DAYS: Final = 14
Trend = Sequence[int]
"""Hubs that activated on each day, the oldest first; the last is today."""


@dataclass(frozen=True, slots=True)
class Trends:
    """The viewer's own numbers; where nothing activated there is no trend."""

    by_rollout: Mapping[int, Trend] = field(default_factory=dict)
    by_region: Mapping[Region, Trend] = field(default_factory=dict)
    """For the DCC and CSPs."""


def activation_trends(scope: Scope, rollout_ids: Collection[int], *, now: datetime) -> Trends:
    """Return what activated day by day, in one statement for all rollouts."""
    if not rollout_ids:
        return Trends()
    viewer, today = Viewer.of(scope), local_day(now)
    first = today - timedelta(days=TREND_DAYS - 1)
    by_region = viewer.regions if viewer.regions is not None else tuple(int(region) for region in Region)
    rows = sql.fetch_all(
        "rollouts",
        "activation_trend",
        rollouts=sorted(rollout_ids),
        since=start_of_local_day(first),
        party=viewer.party,
        regions=[0] if scope.is_supplier else list(by_region),
    )
    reached: dict[tuple[int, int], dict[date | None, int]] = defaultdict(dict)
    for row in rows:
        reached[row.rollout_id, row.region][row.day] = row.activated
    rollouts: dict[int, list[int]] = defaultdict(lambda: [0] * TREND_DAYS)
    regions: dict[Region, list[int]] = defaultdict(lambda: [0] * TREND_DAYS)
    for (rollout_id, region), by_day in reached.items():
        total = by_day.get(None, 0)
        for place in range(TREND_DAYS):
            now_total = by_day.get(first + timedelta(days=place), total)
            won, total = max(now_total - total, 0), now_total
            rollouts[rollout_id][place] += won
            if region:
                regions[Region(region)][place] += won
    return Trends(
        {rollout_id: trend for rollout_id, trend in rollouts.items() if any(trend)},
        {region: trend for region, trend in regions.items() if any(trend)},
    )
