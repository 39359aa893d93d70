"""Everything the portal does: every use case and every refusal, by name. Modules behind it start with `_`."""

from __future__ import annotations

from rollouts.services._alerting import (
    Applied,
    TooManyWaiting,
    apply_next_batch,
    apply_waiting,
    receive_alerts,
)
from rollouts.services._publishing import (
    CannotPublish,
    Notice,
    draft_rollout,
    notify_rollout,
    revise_draft,
    revise_release_note,
)
from rollouts.services._refreshing import Refreshed, refresh_eligibility, refresh_rollout
from rollouts.services._stepping import StepRefused, take_step
from rollouts.services._tallying import Drift, fold_tallies, fold_tally, measure_drift

__all__ = [
    "Applied",
    "CannotPublish",
    "Drift",
    "Notice",
    "Refreshed",
    "StepRefused",
    "TooManyWaiting",
    "apply_next_batch",
    "apply_waiting",
    "draft_rollout",
    "fold_tallies",
    "fold_tally",
    "measure_drift",
    "notify_rollout",
    "receive_alerts",
    "refresh_eligibility",
    "refresh_rollout",
    "revise_draft",
    "revise_release_note",
    "take_step",
]
