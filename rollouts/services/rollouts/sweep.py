"""What a step means for a million hubs, page by page after it: withdrawn by an end, taken up by a resume.

A step answers at once, whatever the size of its rollout: its status alone stops claims. The pages that follow
lock their targets in GUID order, as alerts do, and each is a transaction of its own. What is left to do is a
sum of the tallies, so a walk that was cut short is gone on with by the next tick.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from portal.kernel import locks, sql
from portal.kernel.crashes import CrashPoint, crash_point
from portal.kernel.transactions import unit_of_work
from rollouts.models import Rollout
from rollouts.services.dispatch.planner_hints import expect_few
from rollouts.states import RUNNING_STATUSES, FailureCode, RolloutStatus, TargetState

PAGE: Final = 10_000
FIRST: Final = -(2**63)

VOIDING: Final = {
    RolloutStatus.REVOKED: FailureCode.REVOKED,
    RolloutStatus.STOPPED: FailureCode.STOPPED,
}
"""The statuses that withdraw hubs, and the code the hubs keep."""

VOIDED_STATES: Final = (
    TargetState.ELIGIBLE,
    TargetState.SCHEDULED,
    TargetState.DISTRIBUTING,
    TargetState.DISTRIBUTED,
    TargetState.CANCELLED,
)
"""Hubs on which nothing is about to happen: an end withdraws them, and no others."""


def sweep(rollout_id: int, *, now: datetime, seconds: float) -> int:
    """Withdraw the hubs of a rollout that has ended, or take up those of one that runs again; for so long.

    One process at a time; another one does nothing. Returns how many hubs were moved.
    """
    until = time.monotonic() + seconds
    moved, after = 0, FIRST
    with locks.attempted(locks.LockClass.SWEEP, rollout_id) as is_ours:
        while is_ours:
            page = _page(rollout_id, after=after, now=now)
            if page is None or page.last_guid is None:
                break
            moved, after = moved + page.hubs, page.last_guid
            crash_point(CrashPoint.BETWEEN_PAGES)
            if time.monotonic() > until:
                break
    return moved


@unit_of_work
def _page(rollout_id: int, *, after: int, now: datetime) -> Any:
    # Held for the page: a halt of a rollout that has just resumed waits no longer than for this.
    row = sql.fetch_one("rollouts", "hold_rollout", rollout_id=rollout_id)
    params: dict[str, object] = {"rollout_id": rollout_id, "after": after, "size": PAGE, "now": now}
    status = RolloutStatus(row.status)
    if status in VOIDING:
        expect_few()
        return sql.fetch_one("rollouts", "withdraw_page", code=int(VOIDING[status]), **params)
    if status in RUNNING_STATUSES:
        expect_few()
        return sql.fetch_one("rollouts", "take_up_page", **params)
    return None


def rollouts_to_take_up() -> list[int]:
    """List the running rollouts with hubs whose activation was cancelled while they stood."""
    return [row.id for row in sql.fetch_all("rollouts", "take_ups_to_finish")]


def sweep_left_over(rollout: Rollout, *, now: datetime, seconds: float) -> int:
    """Sweep a rollout, where its tallies say that there is something to move."""
    states = VOIDED_STATES if RolloutStatus(rollout.status) in VOIDING else (TargetState.CANCELLED,)
    left = sql.fetch_all("rollouts", "count_states", rollout_id=rollout.pk)
    if not any(row.state in states for row in left):
        return 0
    return sweep(rollout.pk, now=now, seconds=seconds)
