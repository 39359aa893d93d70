"""Hubs whose time has passed while their rollout stood: what resuming sets off in the next night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.kernel import sql
from rollouts.reads.rollouts.shares import board_ids, regions_by_csp


@dataclass(frozen=True, slots=True)
class OverdueHubs:
    """So many hubs, each counted once, and so many for each party."""

    total: int
    by_party: Mapping[int, int]


def overdue_hubs(rollout_id: int, *, are_moved: bool = False, now: datetime) -> OverdueHubs:
    """Count the hubs that hold the image and whose time has passed, by one scan of the rollout's targets.

    `are_moved`: the dates move when it goes on, so that only times somebody asked for are overdue.
    """
    by_supplier, by_region = Counter[int](), Counter[int]()
    for row in _rows(rollout_id, are_moved=are_moved, now=now):
        by_region[row.region] += row.hubs
        for party in {row.imports, row.gas} - {0}:
            by_supplier[party] += row.hubs
    total = by_region.total()
    by_csp = {csp: sum(by_region[each] for each in regions) for csp, regions in regions_by_csp().items()}
    return OverdueHubs(total, {**by_supplier, **by_csp, **dict.fromkeys(board_ids(), total)})


def count_overdue(rollout_id: int, *, now: datetime) -> int:
    """Count the hubs that would activate in the next night if the rollout went on, by one statement."""
    return sum(row.hubs for row in _rows(rollout_id, are_moved=False, now=now))


def _rows(rollout_id: int, *, are_moved: bool, now: datetime) -> list[sql.Row]:
    return sql.fetch_all("rollouts", "overdue_hubs", rollout_id=rollout_id, are_moved=are_moved, now=now)
