"""Addresses of the REST endpoints of governance."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.governance import decisions, records, triage, views, watch

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path("estate/views", records.EstateViews.as_view(), name="estate-views"),
    path(f"{_ROLLOUT}/incidents", views.NewIncidents.as_view(), name="raise-incident"),
    path("incidents", views.Incidents.as_view(), name="incidents"),
    path("incidents/<id:incident_id>", views.IncidentOne.as_view(), name="incident"),
    path("incidents/<id:incident_id>/hubs", views.IncidentHubs.as_view(), name="incident-hubs"),
    path("incidents/<id:incident_id>/comments", views.IncidentComments.as_view(), name="incident-comments"),
    path("incidents/<id:incident_id>/files", views.IncidentFiles.as_view(), name="incident-files"),
    path(
        "incidents/<id:incident_id>/files/<id:file_id>",
        views.IncidentFileOne.as_view(),
        name="incident-file",
    ),
    path(
        "incidents/<id:incident_id>/steps/<incident_verb:verb>",
        views.IncidentSteps.as_view(),
        name="incident-steps",
    ),
    path("incidents/<id:incident_id>/merge", triage.Merging.as_view(), name="merge-incident"),
    path("incidents/<id:incident_id>/known-issue", triage.Explaining.as_view(), name="explain-incident"),
    path("incidents/<id:incident_id>/service-desk", triage.ServiceDesk.as_view(), name="service-desk"),
    path("triage", triage.Triage.as_view(), name="triage"),
    path(f"{_ROLLOUT}/triage", triage.TriageOf.as_view(), name="triage-of"),
    path(f"{_ROLLOUT}/comparison", triage.ComparisonOf.as_view(), name="comparison"),
    path("known-issues", triage.KnownIssues.as_view(), name="known-issues"),
    path("known-issues/<id:known_issue_id>", triage.KnownIssueOne.as_view(), name="known-issue"),
    path(f"{_ROLLOUT}/halt-rules", watch.HaltRules.as_view(), name="halt-rules"),
    path(f"{_ROLLOUT}/halt-rules/<id:halt_rule_id>", watch.HaltRuleOne.as_view(), name="halt-rule"),
    path(f"{_ROLLOUT}/halt-trips", watch.HaltTrips.as_view(), name="halt-trips"),
    path(f"{_ROLLOUT}/phases", watch.Phases.as_view(), name="phases"),
    path(f"{_ROLLOUT}/batches/<id:batch_id>/gate", watch.Gate.as_view(), name="gate"),
    path("decisions", views.Decisions.as_view(), name="decisions"),
    path("decisions/<id:decision_id>", decisions.DecisionOne.as_view(), name="decision"),
    path(
        "decisions/<id:decision_id>/recommendation",
        decisions.Recommendations.as_view(),
        name="recommendation",
    ),
    path(
        "decisions/<id:decision_id>/recommendation/withdrawal",
        decisions.RecommendationWithdrawals.as_view(),
        name="recommendation-withdrawal",
    ),
    path("decisions/<id:decision_id>/signatures", decisions.Signatures.as_view(), name="signatures"),
    path("signatures-needed", decisions.SignaturesNeeded.as_view(), name="signatures-needed"),
    path(f"{_ROLLOUT}/reviews", decisions.Reviews.as_view(), name="reviews"),
    path(f"{_ROLLOUT}/after-halt", decisions.AfterHalt.as_view(), name="after-halt"),
    path(f"{_ROLLOUT}/evidence", decisions.EvidenceFile.as_view(), name="evidence"),
    path("audit", records.Audit.as_view(), name="audit"),
    path("audit/chain", records.AuditChain.as_view(), name="audit-chain"),
    path("imports", records.Imports.as_view(), name="imports"),
    path("imports/<id:import_id>/refused-lines", records.RefusedLines.as_view(), name="refused-lines"),
    path("unmatched-alerts/review", records.UnmatchedReview.as_view(), name="review-unmatched"),
]
