"""Which instructions ask for a time later than a new, earlier automatic time: they take that time (R1.2)."""

from __future__ import annotations

from datetime import datetime

from portal.kernel import sql
from rollouts.models import Decision
from rollouts.states import ReviewOutcome
from rollouts.states.governing import DecisionStatus


def instructed_later(rollout_id: int, *, than: datetime) -> dict[int, int]:
    """Count the hubs of each Supplier instructed for later than a moment; under 0 all hubs, each once."""
    rows = sql.fetch_all("rollouts", "instructed_later", rollout_id=rollout_id, at=than)
    return {row.party: row.hubs for row in rows}


def count_instructed_later(decision: Decision) -> int:
    """Count the hubs whose instructed time a recommended decision would bring forward; 0 of any other."""
    rollout_id, automatic_at = decision.rollout_id, decision.automatic_at
    is_recommended = decision.status == DecisionStatus.RECOMMENDED
    if decision.outcome != ReviewOutcome.BRING_FORWARD or not is_recommended:
        return 0
    if rollout_id is None or automatic_at is None:
        return 0
    return instructed_later(rollout_id, than=automatic_at).get(0, 0)
