"""Messages to workers, by family; each makes one call into the services and may be lost, doubled or late."""

from __future__ import annotations

from rollouts.tasks.ingesting import apply_alerts, tick_ingest
from rollouts.tasks.tallying import fold_tallies, reconcile_tallies
from rollouts.tasks.upkeep import refresh_eligibility

__all__ = [
    "apply_alerts",
    "fold_tallies",
    "reconcile_tallies",
    "refresh_eligibility",
    "tick_ingest",
]
