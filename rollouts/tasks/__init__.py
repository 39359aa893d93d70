"""Messages to workers, by family; each makes one call into the services and may be lost, doubled or late."""

from __future__ import annotations

from rollouts.tasks.alerts import apply_alerts, tick_ingest
from rollouts.tasks.dispatch import (
    dispatch_completion,
    dispatch_halts,
    dispatch_plan,
    dispatch_region,
    dispatch_silence,
    tick_dispatch,
)
from rollouts.tasks.estate import make_months, sweep_exports, tick_exports, write_export
from rollouts.tasks.governance import dispatch_delays, dispatch_halt_rules, open_phases, tick_governance
from rollouts.tasks.imports import sweep_imports, take_import, tick_imports
from rollouts.tasks.instructions import apply_instruction, close_window, run_approval_rules, tick_deadlines
from rollouts.tasks.rollouts import (
    fold_tallies,
    note_activations,
    reconcile_tallies,
    refresh_eligibility,
    summarise,
)

__all__ = [
    "apply_alerts",
    "apply_instruction",
    "close_window",
    "dispatch_completion",
    "dispatch_delays",
    "dispatch_halt_rules",
    "dispatch_halts",
    "dispatch_plan",
    "dispatch_region",
    "dispatch_silence",
    "fold_tallies",
    "make_months",
    "note_activations",
    "open_phases",
    "reconcile_tallies",
    "refresh_eligibility",
    "run_approval_rules",
    "summarise",
    "sweep_exports",
    "sweep_imports",
    "take_import",
    "tick_deadlines",
    "tick_dispatch",
    "tick_exports",
    "tick_governance",
    "tick_imports",
    "tick_ingest",
    "write_export",
]
