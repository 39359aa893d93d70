"""Everything the portal does: every use case and every refusal, by name. Modules behind it start with `_`."""

from __future__ import annotations

from rollouts.services._alerting import (
    Applied,
    TooManyWaiting,
    apply_next_batch,
    apply_waiting,
    receive_alerts,
)
from rollouts.services._answering import Order, apply_answers
from rollouts.services._instructing import (
    Author,
    IdempotencyKeyReused,
    InstructionRefused,
    Verdict,
    check_instruction,
    give_instruction,
    receive_instruction,
)
from rollouts.services._listing import HubList, RefusedLine
from rollouts.services._progressing import apply_instruction, apply_next_slice, waiting_instructions
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
    "Author",
    "CannotPublish",
    "Drift",
    "HubList",
    "IdempotencyKeyReused",
    "InstructionRefused",
    "Notice",
    "Order",
    "Refreshed",
    "RefusedLine",
    "StepRefused",
    "TooManyWaiting",
    "Verdict",
    "apply_answers",
    "apply_instruction",
    "apply_next_batch",
    "apply_next_slice",
    "apply_waiting",
    "check_instruction",
    "draft_rollout",
    "fold_tallies",
    "fold_tally",
    "give_instruction",
    "measure_drift",
    "notify_rollout",
    "receive_alerts",
    "receive_instruction",
    "refresh_eligibility",
    "refresh_rollout",
    "revise_draft",
    "revise_release_note",
    "take_step",
    "waiting_instructions",
]
