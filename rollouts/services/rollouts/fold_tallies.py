"""Folding the tallies, and proving them: the drift is measured, and it is zero."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kernel import locks, sql
from portal.kernel.transactions import unit_of_work

WORTH_FOLDING = 64
"""So many rows beyond the last fold make a fold worth its writes."""
WORTH_FOLDING_OF_ESTATE = 2000
"""The same for the estate, which has tens of thousands of keys."""


@dataclass(frozen=True, slots=True)
class Drift:
    """By how many targets the tallies of a rollout differ from a recount."""

    state: int
    plan: int

    @property
    def total(self) -> int:
        """Both together; anything but 0 is a defect."""
        return self.state + self.plan


def fold_tallies() -> int:
    """Fold the tallies of each rollout that has grown; return how many rollouts were folded."""
    grown = sql.fetch_all("rollouts", "tallies_grown", slack=WORTH_FOLDING)
    return sum(fold_tally(rollout_id=row.rollout_id) for row in grown)


@unit_of_work
def fold_tally(*, rollout_id: int) -> bool:
    """Fold one rollout's tallies; False when another process is folding them."""
    if not locks.held_in_transaction(locks.LockClass.TALLY_FOLD, rollout_id):
        return False
    sql.execute("rollouts", "fold_tally_state", rollout_id=rollout_id)
    sql.execute("rollouts", "fold_tally_plan", rollout_id=rollout_id)
    return True


def measure_drift(*, rollout_id: int) -> Drift:
    """Recount one rollout against its tallies."""
    row = sql.fetch_one("rollouts", "tally_drift", rollout_id=rollout_id)
    return Drift(state=row.state, plan=row.plan)


@unit_of_work
def fold_estate_tally() -> bool:
    """Fold the counts of the estate; False when they have not grown, or another process folds them."""
    grown = sql.fetch_one("rollouts", "count_estate_grown").n
    if grown < WORTH_FOLDING_OF_ESTATE or not locks.held_in_transaction(locks.LockClass.TALLY_FOLD, 0):
        return False
    sql.execute("rollouts", "fold_estate_tally")
    return True


def measure_estate_drift() -> int:
    """Recount the estate against its tally; return by how many hubs they differ."""
    return int(sql.fetch_one("rollouts", "estate_drift").hubs)
