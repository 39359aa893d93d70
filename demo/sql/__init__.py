"""The statements of the demonstration, and what they call by name."""

from __future__ import annotations

from rollouts.states import (
    ELIGIBLE_SMI_STATUSES,
    GONE_SMI_STATUSES,
    RECOVERING_SMI_STATUSES,
    Region,
    SmiStatus,
    TargetState,
)

__all__ = [
    "ELIGIBLE_SMI_STATUSES",
    "GONE_SMI_STATUSES",
    "RECOVERING_SMI_STATUSES",
    "Region",
    "SmiStatus",
    "TargetState",
]
