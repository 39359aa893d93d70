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
from rollouts.services._approving import (
    disable_approval_rule,
    enable_approval_rule,
    run_approval_rules,
    save_approval_rule,
)
from rollouts.services._attaching import AttachmentRefused, Upload
from rollouts.services._batching import (
    BatchFormed,
    BatchOutlook,
    NothingToMove,
    create_batch,
    foresee_batch,
    open_gate,
)
from rollouts.services._cataloguing import change_cpl_status
from rollouts.services._changing_supplier import SuppliersChanged, change_suppliers
from rollouts.services._charting import fold_activations, note_activations
from rollouts.services._claiming import Claim, claim_next
from rollouts.services._closing import WindowClosed, close_window, rollouts_to_close
from rollouts.services._completing import complete_finished
from rollouts.services._confirming import Confirmation, confirm_pilot, decline_submission
from rollouts.services._deciding import (
    DecisionClosed,
    RecommendationChanged,
    Signed,
    SignOffNotNeeded,
    open_review,
    recommend,
    sign_off,
    withdraw_recommendation,
)
from rollouts.services._delaying import Rescheduled, finish_delays
from rollouts.services._dispatching import dispatch_region, regions_with_work, send_command
from rollouts.services._exporting import KEPT as EXPORTS_KEPT
from rollouts.services._exporting import (
    ExportOrder,
    ExportSuperseded,
    TooManyExports,
    claim_export,
    fail_export,
    finish_export,
    order_export,
    remove_export,
    sweep_exports,
    tell_export,
    waiting_exports,
)
from rollouts.services._feeding import take_status_changes, take_supplier_changes
from rollouts.services._halt_rules import evaluate_halt_rules, fold_settled, put_halt_rule
from rollouts.services._halting import HaltReport, cancel_hubs, finish_halts, halt
from rollouts.services._importing import ImportReport
from rollouts.services._instructing import (
    Author,
    IdempotencyKeyReused,
    InstructionRefused,
    Verdict,
    check_instruction,
    give_instruction,
    receive_instruction,
)
from rollouts.services._keeping_views import NameTaken, change_view, remove_view, save_view
from rollouts.services._labelling import Labelled, add_label, remove_label
from rollouts.services._listing import HubList, RefusedLine
from rollouts.services._loading import load_estate
from rollouts.services._making_months import make_months
from rollouts.services._nominating import (
    Nomination,
    NoPilot,
    NothingNominated,
    OverPilotCap,
    submit_pilot,
    withdraw_submission,
)
from rollouts.services._phasing import open_due_phases, set_phase
from rollouts.services._piloting import (
    PilotEmpty,
    accept_pilot,
    comment_on_pilot,
    end_pilot,
    reject_pilot,
    reopen_pilot,
    start_pilot,
)
from rollouts.services._planning import plan_due
from rollouts.services._progressing import apply_instruction, apply_next_slice, waiting_instructions
from rollouts.services._publishing import (
    CannotPublish,
    Notice,
    draft_rollout,
    notify_rollout,
    revise_draft,
    revise_release_note,
)
from rollouts.services._putting_back import put_back_early_alerts
from rollouts.services._raising import (
    Account,
    NothingNamed,
    Raised,
    attach_to_incident,
    comment_on_incident,
    raise_incident,
)
from rollouts.services._reading import (
    MOST_READINGS,
    ReadRequest,
    Silence,
    end_unreachable,
    follow_up_silence,
    read_silent,
    request_read,
    retry_undelivered,
)
from rollouts.services._refreshing import Refreshed, refresh_eligibility, refresh_rollout
from rollouts.services._registering import CspAccess, ImageRefused, Registered, load_reference, upload_image
from rollouts.services._reviewing import review_unmatched
from rollouts.services._selecting import archive_rule, save_rule
from rollouts.services._signing_rules import propose_requirements
from rollouts.services._stepping import NeedsDecision, StepRefused, take_step
from rollouts.services._tallying import (
    Drift,
    fold_estate_tally,
    fold_tallies,
    fold_tally,
    measure_drift,
    measure_estate_drift,
)
from rollouts.services._triaging import (
    IncidentStepRefused,
    explain_incident,
    merge_incident,
    put_known_issue,
    set_service_desk_reference,
    take_incident_step,
)

__all__ = [
    "EXPORTS_KEPT",
    "MOST_READINGS",
    "Account",
    "Applied",
    "AttachmentRefused",
    "Author",
    "BatchFormed",
    "BatchOutlook",
    "CannotPublish",
    "Claim",
    "Confirmation",
    "CspAccess",
    "DecisionClosed",
    "Drift",
    "ExportOrder",
    "ExportSuperseded",
    "HaltReport",
    "HubList",
    "IdempotencyKeyReused",
    "ImageRefused",
    "ImportReport",
    "IncidentStepRefused",
    "InstructionRefused",
    "Labelled",
    "NameTaken",
    "NeedsDecision",
    "NoPilot",
    "Nomination",
    "NothingNamed",
    "NothingNominated",
    "NothingToMove",
    "Notice",
    "Order",
    "OverPilotCap",
    "PilotEmpty",
    "Raised",
    "ReadRequest",
    "RecommendationChanged",
    "Refreshed",
    "RefusedLine",
    "Registered",
    "Rescheduled",
    "SignOffNotNeeded",
    "Signed",
    "Silence",
    "StepRefused",
    "SuppliersChanged",
    "TooManyExports",
    "TooManyWaiting",
    "Upload",
    "Verdict",
    "WindowClosed",
    "accept_pilot",
    "add_label",
    "apply_answers",
    "apply_instruction",
    "apply_next_batch",
    "apply_next_slice",
    "apply_waiting",
    "archive_rule",
    "attach_to_incident",
    "cancel_hubs",
    "change_cpl_status",
    "change_suppliers",
    "change_view",
    "check_instruction",
    "claim_export",
    "claim_next",
    "close_window",
    "comment_on_incident",
    "comment_on_pilot",
    "complete_finished",
    "confirm_pilot",
    "create_batch",
    "decline_submission",
    "disable_approval_rule",
    "dispatch_region",
    "draft_rollout",
    "enable_approval_rule",
    "end_pilot",
    "end_unreachable",
    "evaluate_halt_rules",
    "explain_incident",
    "fail_export",
    "finish_delays",
    "finish_export",
    "finish_halts",
    "fold_activations",
    "fold_estate_tally",
    "fold_settled",
    "fold_tallies",
    "fold_tally",
    "follow_up_silence",
    "foresee_batch",
    "give_instruction",
    "halt",
    "load_estate",
    "load_reference",
    "make_months",
    "measure_drift",
    "measure_estate_drift",
    "merge_incident",
    "note_activations",
    "notify_rollout",
    "open_due_phases",
    "open_gate",
    "open_review",
    "order_export",
    "plan_due",
    "propose_requirements",
    "put_back_early_alerts",
    "put_halt_rule",
    "put_known_issue",
    "raise_incident",
    "read_silent",
    "receive_alerts",
    "receive_instruction",
    "recommend",
    "refresh_eligibility",
    "refresh_rollout",
    "regions_with_work",
    "reject_pilot",
    "remove_export",
    "remove_label",
    "remove_view",
    "reopen_pilot",
    "request_read",
    "retry_undelivered",
    "review_unmatched",
    "revise_draft",
    "revise_release_note",
    "rollouts_to_close",
    "run_approval_rules",
    "save_approval_rule",
    "save_rule",
    "save_view",
    "send_command",
    "set_phase",
    "set_service_desk_reference",
    "sign_off",
    "start_pilot",
    "submit_pilot",
    "sweep_exports",
    "take_incident_step",
    "take_status_changes",
    "take_step",
    "take_supplier_changes",
    "tell_export",
    "upload_image",
    "waiting_exports",
    "waiting_instructions",
    "withdraw_recommendation",
    "withdraw_submission",
]
