"""Everything the portal can be asked: reads that answer with frozen values, never with models."""

from __future__ import annotations

from rollouts.queries.approvals import (
    ApprovalCard,
    RuleRun,
    RuleVersion,
    approval_rule,
    approval_rules,
    approval_versions,
    back_test_approval,
    dry_run_approval,
)
from rollouts.queries.channels import ChannelHealth, channel_health
from rollouts.queries.eligibility import EligibleHub, eligible_csv, eligible_hubs, eligible_xlsx
from rollouts.queries.forecast import RegionForecast, ScheduledVolume, distribution_forecast, forward_schedule
from rollouts.queries.halts import HaltPreview, halt_preview
from rollouts.queries.pilots import (
    PilotHub,
    PilotProgress,
    ReviewOpen,
    SavedRule,
    SelectionPreview,
    Submission,
    pilot_hubs,
    pilot_progress,
    preview_selection,
    reviews_open,
    rule_versions,
    selection_rules,
    submissions,
)
from rollouts.queries.rollouts import (
    Deed,
    Possible,
    RolloutPreview,
    SupplierPart,
    Update,
    available_updates,
    preview,
    release_notes,
)

__all__ = [
    "ApprovalCard",
    "ChannelHealth",
    "Deed",
    "EligibleHub",
    "HaltPreview",
    "PilotHub",
    "PilotProgress",
    "Possible",
    "RegionForecast",
    "ReviewOpen",
    "RolloutPreview",
    "RuleRun",
    "RuleVersion",
    "SavedRule",
    "ScheduledVolume",
    "SelectionPreview",
    "Submission",
    "SupplierPart",
    "Update",
    "approval_rule",
    "approval_rules",
    "approval_versions",
    "available_updates",
    "back_test_approval",
    "channel_health",
    "distribution_forecast",
    "dry_run_approval",
    "eligible_csv",
    "eligible_hubs",
    "eligible_xlsx",
    "forward_schedule",
    "halt_preview",
    "pilot_hubs",
    "pilot_progress",
    "preview",
    "preview_selection",
    "release_notes",
    "reviews_open",
    "rule_versions",
    "selection_rules",
    "submissions",
]
