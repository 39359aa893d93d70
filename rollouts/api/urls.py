"""Addresses of the REST mirror, named as the pages are."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path, register_converter
from django.urls.converters import get_converters

from portal.rest.converters import HubGuid, Id, Label, Word
from rollouts.api.catalogue import views as catalogue
from rollouts.api.dispatch import views as commands
from rollouts.api.estate import exports as takeaways
from rollouts.api.estate import rollout_hubs as members
from rollouts.api.estate import views as estate
from rollouts.api.governance import decisions as deciding
from rollouts.api.governance import records
from rollouts.api.governance import triage as triaging
from rollouts.api.governance import views as governing
from rollouts.api.governance import watch as watching
from rollouts.api.instructions import views as instructing
from rollouts.api.pilots import views as pilots
from rollouts.api.rollouts import batches, curves, operations, steps
from rollouts.api.rollouts import views as updates
from rollouts.api.rules import approvals as approving
from rollouts.api.rules import views as selecting

_CONVERTERS: dict[str, Any] = {
    "id": Id,
    "guid": HubGuid,
    "word": Word,
    "label": Label,
    "verb": steps.Verb,
    "incident_verb": governing.IncidentVerb,
}
for name, converter in _CONVERTERS.items():
    if name not in get_converters():
        register_converter(converter, name)

app_name = "api"
_ROLLOUT = "rollouts/<id:rollout_id>"
_PILOT = f"{_ROLLOUT}/pilot"

urlpatterns: list[URLPattern] = [
    path("dashboard", operations.DashboardView.as_view(), name="dashboard"),
    path("deadlines", operations.DeadlinesView.as_view(), name="deadlines"),
    path("rollouts", updates.Rollouts.as_view(), name="rollouts"),
    path(_ROLLOUT, updates.RolloutOne.as_view(), name="rollout"),
    path(f"{_ROLLOUT}/preview", updates.DraftPreview.as_view(), name="preview"),
    path(f"{_ROLLOUT}/halt-preview", steps.HaltPreview.as_view(), name="halt-preview"),
    path(f"{_ROLLOUT}/steps/<verb:verb>", steps.Steps.as_view(), name="steps"),
    path(f"{_ROLLOUT}/release-notes", updates.ReleaseNotes.as_view(), name="release-notes"),
    path(f"{_ROLLOUT}/forecast", updates.Forecast.as_view(), name="forecast"),
    path(f"{_ROLLOUT}/consent", updates.Consent.as_view(), name="consent"),
    path(f"{_ROLLOUT}/batches", batches.Batches.as_view(), name="batches"),
    path(f"{_ROLLOUT}/batches/preview", batches.BatchPreview.as_view(), name="batch-preview"),
    path(f"{_ROLLOUT}/batches/<id:batch_id>/open", batches.OpenGate.as_view(), name="open-gate"),
    path(f"{_ROLLOUT}/eligible-hubs", members.EligibleHubs.as_view(), name="eligible-hubs"),
    path(f"{_ROLLOUT}/hubs", members.RolloutHubs.as_view(), name="rollout-hubs"),
    path(f"{_ROLLOUT}/instructions", instructing.NewInstructions.as_view(), name="instruct"),
    path(f"{_ROLLOUT}/selection-preview", selecting.SelectionPreview.as_view(), name="selection-preview"),
    path(_PILOT, pilots.Pilot.as_view(), name="pilot"),
    path(f"{_PILOT}/hubs", pilots.PilotHubs.as_view(), name="pilot-hubs"),
    path(f"{_PILOT}/submissions", pilots.Submissions.as_view(), name="submissions"),
    path(f"{_PILOT}/submissions/<id:submission_id>", pilots.Withdrawal.as_view(), name="submission"),
    path(f"{_PILOT}/submissions/<id:submission_id>/decline", pilots.Declining.as_view(), name="decline"),
    path(f"{_PILOT}/confirmations", pilots.Confirmations.as_view(), name="confirmations"),
    path(f"{_PILOT}/commentary", pilots.PilotCommentary.as_view(), name="pilot-commentary"),
    path("instructions", instructing.Instructions.as_view(), name="instructions"),
    path("instructions/<word:instruction>", instructing.InstructionOne.as_view(), name="instruction"),
    path("instructions/<word:instruction>/rejections", instructing.Rejections.as_view(), name="rejections"),
    path("estate", estate.Estate.as_view(), name="estate"),
    path("estate/files", takeaways.EstateFiles.as_view(), name="estate-files"),
    path("estate/files/<word:file>", takeaways.EstateFileOne.as_view(), name="estate-file"),
    path(
        "estate/files/<word:file>/content",
        takeaways.EstateFileContent.as_view(),
        name="estate-file-content",
    ),
    path("estate/views", records.EstateViews.as_view(), name="estate-views"),
    path("estate/summary", estate.EstateSummary.as_view(), name="estate-summary"),
    path("hubs/<guid:hub>", estate.HubOne.as_view(), name="hub"),
    path("hubs/<guid:hub>/history", estate.HubHistory.as_view(), name="hub-history"),
    path("hubs/<guid:hub>/commands", commands.HubCommandsOf.as_view(), name="hub-commands"),
    path("readings", estate.Readings.as_view(), name="readings"),
    path("readings/of-any-hub", estate.DccReadings.as_view(), name="readings-of-any-hub"),
    path("labels", estate.Labels.as_view(), name="labels"),
    path("labels/<label:label>/hubs", estate.LabelOne.as_view(), name="label"),
    path("selection-rules", selecting.SelectionRules.as_view(), name="selection-rules"),
    path("selection-rules/<id:rule_id>", selecting.SelectionRuleOne.as_view(), name="selection-rule"),
    path("approval-rules", approving.ApprovalRules.as_view(), name="approval-rules"),
    path("approval-rules/dry-run", approving.DryRun.as_view(), name="approval-dry-run"),
    path("approval-rules/back-test", approving.BackTest.as_view(), name="approval-back-test"),
    path("approval-rules/<id:rule_id>", approving.ApprovalRuleOne.as_view(), name="approval-rule"),
    path(
        "approval-rules/<id:rule_id>/versions",
        approving.ApprovalVersions.as_view(),
        name="approval-rule-versions",
    ),
    path("approval-rules/<id:rule_id>/enabled", approving.Enabling.as_view(), name="approval-rule-enabled"),
    path(f"{_ROLLOUT}/incidents", governing.NewIncidents.as_view(), name="raise-incident"),
    path("incidents", governing.Incidents.as_view(), name="incidents"),
    path("incidents/<id:incident_id>", governing.IncidentOne.as_view(), name="incident"),
    path("incidents/<id:incident_id>/hubs", governing.IncidentHubs.as_view(), name="incident-hubs"),
    path(
        "incidents/<id:incident_id>/comments", governing.IncidentComments.as_view(), name="incident-comments"
    ),
    path("incidents/<id:incident_id>/files", governing.IncidentFiles.as_view(), name="incident-files"),
    path(
        "incidents/<id:incident_id>/files/<id:file_id>",
        governing.IncidentFileOne.as_view(),
        name="incident-file",
    ),
    path(
        "incidents/<id:incident_id>/steps/<incident_verb:verb>",
        governing.IncidentSteps.as_view(),
        name="incident-steps",
    ),
    path("incidents/<id:incident_id>/merge", triaging.Merging.as_view(), name="merge-incident"),
    path("incidents/<id:incident_id>/known-issue", triaging.Explaining.as_view(), name="explain-incident"),
    path("incidents/<id:incident_id>/service-desk", triaging.ServiceDesk.as_view(), name="service-desk"),
    path("triage", triaging.Triage.as_view(), name="triage"),
    path(f"{_ROLLOUT}/triage", triaging.TriageOf.as_view(), name="triage-of"),
    path(f"{_ROLLOUT}/comparison", triaging.ComparisonOf.as_view(), name="comparison"),
    path("known-issues", triaging.KnownIssues.as_view(), name="known-issues"),
    path("known-issues/<id:known_issue_id>", triaging.KnownIssueOne.as_view(), name="known-issue"),
    path(f"{_ROLLOUT}/halt-rules", watching.HaltRules.as_view(), name="halt-rules"),
    path(f"{_ROLLOUT}/halt-rules/<id:halt_rule_id>", watching.HaltRuleOne.as_view(), name="halt-rule"),
    path(f"{_ROLLOUT}/halt-trips", watching.HaltTrips.as_view(), name="halt-trips"),
    path(f"{_ROLLOUT}/phases", watching.Phases.as_view(), name="phases"),
    path(f"{_ROLLOUT}/batches/<id:batch_id>/gate", watching.Gate.as_view(), name="gate"),
    path("decisions", governing.Decisions.as_view(), name="decisions"),
    path("decisions/<id:decision_id>", deciding.DecisionOne.as_view(), name="decision"),
    path(
        "decisions/<id:decision_id>/recommendation", deciding.Recommendations.as_view(), name="recommendation"
    ),
    path(
        "decisions/<id:decision_id>/recommendation/withdrawal",
        deciding.RecommendationWithdrawals.as_view(),
        name="recommendation-withdrawal",
    ),
    path("decisions/<id:decision_id>/signatures", deciding.Signatures.as_view(), name="signatures"),
    path("signatures-needed", deciding.SignaturesNeeded.as_view(), name="signatures-needed"),
    path(f"{_ROLLOUT}/reviews", deciding.Reviews.as_view(), name="reviews"),
    path(f"{_ROLLOUT}/after-halt", deciding.AfterHalt.as_view(), name="after-halt"),
    path(f"{_ROLLOUT}/evidence", deciding.EvidenceFile.as_view(), name="evidence"),
    path(f"{_ROLLOUT}/curve", curves.CurveOf.as_view(), name="curve"),
    path("device-models", catalogue.DeviceModels.as_view(), name="device-models"),
    path("cpl-entries", catalogue.CplEntries.as_view(), name="cpl-entries"),
    path("cpl-entries/<id:cpl_entry_id>/status", catalogue.CplStatusOf.as_view(), name="cpl-status"),
    path("cpl-entries/<id:cpl_entry_id>/image", catalogue.CplImage.as_view(), name="cpl-image"),
    path("audit", records.Audit.as_view(), name="audit"),
    path("audit/chain", records.AuditChain.as_view(), name="audit-chain"),
    path("imports", records.Imports.as_view(), name="imports"),
    path("imports/<id:import_id>/refused-lines", records.RefusedLines.as_view(), name="refused-lines"),
    path("channels", operations.Channels.as_view(), name="channels"),
    path("channels/forecasts", operations.DistributionForecasts.as_view(), name="distribution-forecasts"),
    path("channels/forward-schedule", operations.ForwardSchedule.as_view(), name="forward-schedule"),
    path("unmatched-alerts", operations.UnmatchedAlerts.as_view(), name="unmatched-alerts"),
    path("unmatched-alerts/review", records.UnmatchedReview.as_view(), name="review-unmatched"),
    path("csp/channels", operations.CspChannels.as_view(), name="csp-channels"),
    path("csp/forecasts", operations.CspForecasts.as_view(), name="csp-forecasts"),
    path("csp/forward-schedule", operations.CspSchedule.as_view(), name="csp-schedule"),
]
