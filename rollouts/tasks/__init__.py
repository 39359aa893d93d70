"""Messages to workers, by family; each makes one call into the services and may be lost, doubled or late."""

from __future__ import annotations

from rollouts.tasks.tallying import fold_tallies, reconcile_tallies

__all__ = [
    "fold_tallies",
    "reconcile_tallies",
]
