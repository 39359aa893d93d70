"""The gate of a phase: what the batch before must have come to, and how that is told (R3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rollouts.models.plans import Batch
from rollouts.reads.rollouts.shares import Share
from rollouts.states import FAILED_STATES, TargetState


@dataclass(frozen=True, slots=True)
class Gate:
    """What the batch before must have come to."""

    success: float
    settled: float
    minimum: int
    soak: timedelta
    reached_at: datetime | None

    @classmethod
    def read(cls, batch: Batch) -> Gate | None:
        """Read the gate of a phase; None of a batch that opens with the safe launch, or by hand."""
        given = batch.gate_settings
        if "success" not in given:
            return None
        reached = given.get("reached_at")
        return cls(
            success=float(given["success"]),
            settled=float(given["settled"]),
            minimum=int(given["minimum"]),
            soak=timedelta(hours=float(given["soak_hours"])),
            reached_at=datetime.fromisoformat(reached) if reached else None,
        )

    def is_reached(self, share: Share) -> bool:
        """Return whether a batch with these numbers has come far enough; one that was emptied has."""
        live = live_of(share)
        done, settled = share.count(TargetState.ACTIVATED), settled_of(share)
        if not live:
            return True
        if settled < min(self.minimum, live):
            return False
        return settled >= self.settled * live and done >= self.success * settled


def gate_values(gate: Gate | None, *, is_open: bool) -> dict[str, Any]:
    """Return what people set of a gate, by name; whether it stands open belongs to it."""
    terms = (gate.success, gate.settled, gate.minimum, gate.soak) if gate else None
    return {"is_open": is_open, "terms": terms}


def live_of(share: Share) -> int:
    """Count the hubs that still take part."""
    return share.hubs - share.count(TargetState.WITHDRAWN)


def settled_of(share: Share) -> int:
    """Count the hubs that have come to an end, good or bad."""
    return share.count(TargetState.ACTIVATED, *FAILED_STATES)


def batch_before(batch: Batch) -> Batch | None:
    """Return the batch that stands before one; None before the first."""
    earlier = Batch.objects.filter(rollout_id=batch.rollout_id, position__lt=batch.position)
    return earlier.order_by("-position").first()
