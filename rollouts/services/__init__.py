"""Everything the portal does: every use case and every refusal, by name. Modules behind it start with `_`."""

from __future__ import annotations

from rollouts.services._tallying import Drift, fold_tallies, fold_tally, measure_drift

__all__ = [
    "Drift",
    "fold_tallies",
    "fold_tally",
    "measure_drift",
]
