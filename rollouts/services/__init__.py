"""Everything the portal does: every use case and every refusal, by name. Modules behind it start with `_`."""

from __future__ import annotations

from rollouts.services.alerts.apply import (
    TooManyWaiting,
    apply_next_batch,
    apply_waiting,
    receive_alerts,
)
from rollouts.services.alerts.requeue import put_back_early_alerts
from rollouts.services.alerts.review import review_unmatched
from rollouts.services.catalogue.change_status import change_cpl_status
from rollouts.services.catalogue.enter import (
    AlreadyListed,
    EntryFacts,
    add_cpl_entry,
    add_device_model,
    change_cpl_entry,
)
from rollouts.services.catalogue.read_list import CplPlan, NotACpl
from rollouts.services.catalogue.register import (
    CspAccess,
    ImageRefused,
    Registered,
    load_reference,
    upload_image,
)
from rollouts.services.catalogue.take_list import preview_cpl_list, take_cpl_list
from rollouts.services.dispatch.claim import claim_next
from rollouts.services.dispatch.plan import plan_due
from rollouts.services.dispatch.read_after_restore import read_after_restore
from rollouts.services.dispatch.read_versions import (
    MOST_READINGS,
    end_unreachable,
    follow_up_silence,
    read_silent,
    request_read,
    retry_undelivered,
)
from rollouts.services.dispatch.send import dispatch_region, regions_with_work, send_command
from rollouts.services.dispatch.set_terms import set_channel, set_own_hours, set_pace
from rollouts.services.estate.apply_feeds import take_status_changes, take_supplier_changes
from rollouts.services.estate.change_supplier import SuppliersChanged, change_suppliers
from rollouts.services.estate.choose_columns import choose_columns
from rollouts.services.estate.decide_differences import decide_differences
from rollouts.services.estate.export import KEPT as EXPORTS_KEPT
from rollouts.services.estate.export import (
    ExportOrder,
    ExportSuperseded,
    TooManyExports,
    claim_export,
    fail_export,
    finish_export,
    order_export,
    remove_export,
    report_export,
    sweep_exports,
    waiting_exports,
)
from rollouts.services.estate.import_files import KEPT as IMPORTS_KEPT
from rollouts.services.estate.import_files import (
    ImportNotHeld,
    ImportOrder,
    ImportSuperseded,
    call_off_import,
    claim_import,
    confirm_cpl_import,
    fail_import,
    finish_import,
    read_import,
    report_import,
    resume_import,
    send_import,
    sweep_imports,
    waiting_imports,
)
from rollouts.services.estate.label import add_label, remove_label
from rollouts.services.estate.load import load_estate
from rollouts.services.estate.make_partitions import make_months
from rollouts.services.estate.map_columns import map_columns
from rollouts.services.estate.record_import import ImportReport
from rollouts.services.estate.save_views import NameTaken, change_view, remove_view, save_view
from rollouts.services.governance.attach import AttachmentRefused, Upload
from rollouts.services.governance.change_requirements import propose_requirements
from rollouts.services.governance.decide import (
    DecisionClosed,
    RecommendationChanged,
    Signed,
    SignOffNotNeeded,
    open_review,
    recommend,
    sign_off,
    withdraw_recommendation,
)
from rollouts.services.governance.evaluate_halt_rules import evaluate_halt_rules, fold_settled, put_halt_rule
from rollouts.services.governance.halt import HaltReport, cancel_hubs, finish_halts, halt
from rollouts.services.governance.raise_incident import (
    IncidentAccount,
    NothingNamed,
    Raised,
    attach_to_incident,
    comment_on_incident,
    raise_incident,
)
from rollouts.services.governance.triage import (
    IncidentStepRefused,
    explain_incident,
    merge_incident,
    put_known_issue,
    set_service_desk_reference,
    take_incident_step,
)
from rollouts.services.instructions.answer import AnswerOrder, apply_answers
from rollouts.services.instructions.apply import apply_instruction, apply_next_slice, waiting_instructions
from rollouts.services.instructions.certify import accept_certificate, revoke_certificate, submit_certificate
from rollouts.services.instructions.close_window import WindowClosed, close_window, rollouts_to_close
from rollouts.services.instructions.hub_list import HubList, RefusedLine
from rollouts.services.instructions.instruct import (
    Author,
    IdempotencyKeyReused,
    InstructionForecast,
    InstructionRefused,
    check_instruction,
    give_instruction,
    receive_instruction,
)
from rollouts.services.instructions.keep_requests import close_request, match_reading, register_request
from rollouts.services.pilots.confirm import Confirmation, confirm_pilot, decline_submission
from rollouts.services.pilots.nominate import (
    Nomination,
    NoPilot,
    NothingNominated,
    OverPilotCap,
    submit_pilot,
    withdraw_submission,
)
from rollouts.services.pilots.plan import plan_pilot
from rollouts.services.pilots.propose import (
    NothingProposed,
    ProposalAnswered,
    Proposed,
    answer_proposal,
    propose_pilot,
    withdraw_proposed,
)
from rollouts.services.pilots.remind import NobodyToRemind, Reminded, remind_to_nominate
from rollouts.services.pilots.run import (
    PILOT_STEPS,
    PilotEmpty,
    accept_pilot,
    comment_on_pilot,
    end_pilot,
    reject_pilot,
    reopen_pilot,
    skip_pilot,
    start_pilot,
)
from rollouts.services.rollouts.calendars import close_calendar, open_calendar
from rollouts.services.rollouts.complete import complete_finished
from rollouts.services.rollouts.fold_tallies import (
    fold_estate_tally,
    fold_tallies,
    fold_tally,
    measure_drift,
    measure_estate_drift,
)
from rollouts.services.rollouts.form_batch import (
    BatchFormed,
    BatchOutlook,
    NothingToMove,
    create_batch,
    foresee_batch,
    open_gate,
)
from rollouts.services.rollouts.open_phase import open_due_phases, set_phase
from rollouts.services.rollouts.publish import (
    CannotPublish,
    PublishedNotice,
    discard_draft,
    draft_rollout,
    notify_rollout,
    revise_draft,
    revise_release_note,
)
from rollouts.services.rollouts.record_curve import fold_activations, note_activations
from rollouts.services.rollouts.refresh import Refreshed, refresh_eligibility, refresh_rollout
from rollouts.services.rollouts.reschedule import Rescheduled, finish_delays
from rollouts.services.rollouts.step import NeedsDecision, StepRefused, take_step
from rollouts.services.rollouts.summarise import summarise
from rollouts.services.rules.approve import (
    disable_approval_rule,
    enable_approval_rule,
    run_approval_rules,
    save_approval_rule,
)
from rollouts.services.rules.select import archive_rule, save_rule

__all__ = [
    "EXPORTS_KEPT",
    "IMPORTS_KEPT",
    "MOST_READINGS",
    "PILOT_STEPS",
    "AlreadyListed",
    "AnswerOrder",
    "AttachmentRefused",
    "Author",
    "BatchFormed",
    "BatchOutlook",
    "CannotPublish",
    "Confirmation",
    "CplPlan",
    "CspAccess",
    "DecisionClosed",
    "EntryFacts",
    "ExportOrder",
    "ExportSuperseded",
    "HaltReport",
    "HubList",
    "IdempotencyKeyReused",
    "ImageRefused",
    "ImportNotHeld",
    "ImportOrder",
    "ImportReport",
    "ImportSuperseded",
    "IncidentAccount",
    "IncidentStepRefused",
    "InstructionForecast",
    "InstructionRefused",
    "NameTaken",
    "NeedsDecision",
    "NoPilot",
    "NobodyToRemind",
    "Nomination",
    "NotACpl",
    "NothingNamed",
    "NothingNominated",
    "NothingProposed",
    "NothingToMove",
    "OverPilotCap",
    "PilotEmpty",
    "ProposalAnswered",
    "Proposed",
    "PublishedNotice",
    "Raised",
    "RecommendationChanged",
    "Refreshed",
    "RefusedLine",
    "Registered",
    "Reminded",
    "Rescheduled",
    "SignOffNotNeeded",
    "Signed",
    "StepRefused",
    "SuppliersChanged",
    "TooManyExports",
    "TooManyWaiting",
    "Upload",
    "WindowClosed",
    "accept_certificate",
    "accept_pilot",
    "add_cpl_entry",
    "add_device_model",
    "add_label",
    "answer_proposal",
    "apply_answers",
    "apply_instruction",
    "apply_next_batch",
    "apply_next_slice",
    "apply_waiting",
    "archive_rule",
    "attach_to_incident",
    "call_off_import",
    "cancel_hubs",
    "change_cpl_entry",
    "change_cpl_status",
    "change_suppliers",
    "change_view",
    "check_instruction",
    "choose_columns",
    "claim_export",
    "claim_import",
    "claim_next",
    "close_calendar",
    "close_request",
    "close_window",
    "comment_on_incident",
    "comment_on_pilot",
    "complete_finished",
    "confirm_cpl_import",
    "confirm_pilot",
    "create_batch",
    "decide_differences",
    "decline_submission",
    "disable_approval_rule",
    "discard_draft",
    "dispatch_region",
    "draft_rollout",
    "enable_approval_rule",
    "end_pilot",
    "end_unreachable",
    "evaluate_halt_rules",
    "explain_incident",
    "fail_export",
    "fail_import",
    "finish_delays",
    "finish_export",
    "finish_halts",
    "finish_import",
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
    "map_columns",
    "match_reading",
    "measure_drift",
    "measure_estate_drift",
    "merge_incident",
    "note_activations",
    "notify_rollout",
    "open_calendar",
    "open_due_phases",
    "open_gate",
    "open_review",
    "order_export",
    "plan_due",
    "plan_pilot",
    "preview_cpl_list",
    "propose_pilot",
    "propose_requirements",
    "put_back_early_alerts",
    "put_halt_rule",
    "put_known_issue",
    "raise_incident",
    "read_after_restore",
    "read_import",
    "read_silent",
    "receive_alerts",
    "receive_instruction",
    "recommend",
    "refresh_eligibility",
    "refresh_rollout",
    "regions_with_work",
    "register_request",
    "reject_pilot",
    "remind_to_nominate",
    "remove_export",
    "remove_label",
    "remove_view",
    "reopen_pilot",
    "report_export",
    "report_import",
    "request_read",
    "resume_import",
    "retry_undelivered",
    "review_unmatched",
    "revise_draft",
    "revise_release_note",
    "revoke_certificate",
    "rollouts_to_close",
    "run_approval_rules",
    "save_approval_rule",
    "save_rule",
    "save_view",
    "send_command",
    "send_import",
    "set_channel",
    "set_own_hours",
    "set_pace",
    "set_phase",
    "set_service_desk_reference",
    "sign_off",
    "skip_pilot",
    "start_pilot",
    "submit_certificate",
    "submit_pilot",
    "summarise",
    "sweep_exports",
    "sweep_imports",
    "take_cpl_list",
    "take_incident_step",
    "take_status_changes",
    "take_step",
    "take_supplier_changes",
    "upload_image",
    "waiting_exports",
    "waiting_imports",
    "waiting_instructions",
    "withdraw_proposed",
    "withdraw_recommendation",
    "withdraw_submission",
]
