"""Addresses of the REST endpoints of governance."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.governance import decisions, records, triage, views, watch

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path("estate/views", records.EstateViewListView.as_view(), name="estate-views"),
    path(f"{_ROLLOUT}/incidents", views.NewIncidentsView.as_view(), name="raise-incident"),
    path("incidents", views.IncidentListView.as_view(), name="incidents"),
    path("incidents/<incident:incident_id>", views.IncidentDetailView.as_view(), name="incident"),
    path("incidents/<incident:incident_id>/hubs", views.IncidentHubListView.as_view(), name="incident-hubs"),
    path(
        "incidents/<incident:incident_id>/comments",
        views.IncidentCommentsView.as_view(),
        name="incident-comments",
    ),
    path(
        "incidents/<incident:incident_id>/files", views.IncidentFileListView.as_view(), name="incident-files"
    ),
    path(
        "incidents/<incident:incident_id>/files/<incident_file:file_id>",
        views.IncidentFileDetailView.as_view(),
        name="incident-file",
    ),
    path(
        "incidents/<incident:incident_id>/steps/<incident_verb:verb>",
        views.IncidentStepsView.as_view(),
        name="incident-steps",
    ),
    path("incidents/<incident:incident_id>/merge", triage.IncidentMergeView.as_view(), name="merge-incident"),
    path(
        "incidents/<incident:incident_id>/known-issue",
        triage.IncidentExplanationView.as_view(),
        name="explain-incident",
    ),
    path(
        "incidents/<incident:incident_id>/service-desk", triage.ServiceDeskView.as_view(), name="service-desk"
    ),
    path("triage", triage.TriageBoardView.as_view(), name="triage"),
    path(f"{_ROLLOUT}/triage", triage.RolloutTriageView.as_view(), name="triage-of"),
    path(f"{_ROLLOUT}/comparison", triage.ComparisonView.as_view(), name="comparison"),
    path("known-issues", triage.KnownIssueListView.as_view(), name="known-issues"),
    path("known-issues/<id:known_issue_id>", triage.KnownIssueDetailView.as_view(), name="known-issue"),
    path(f"{_ROLLOUT}/halt-rules", watch.HaltRuleListView.as_view(), name="halt-rules"),
    path(f"{_ROLLOUT}/halt-rules/<id:halt_rule_id>", watch.HaltRuleDetailView.as_view(), name="halt-rule"),
    path(f"{_ROLLOUT}/halt-trips", watch.HaltTripListView.as_view(), name="halt-trips"),
    path(f"{_ROLLOUT}/phases", watch.PhasesView.as_view(), name="phases"),
    path(f"{_ROLLOUT}/batches/<id:batch_id>/gate", watch.GateView.as_view(), name="gate"),
    path("decisions", views.DecisionListView.as_view(), name="decisions"),
    path("decisions/<id:decision_id>", decisions.DecisionDetailView.as_view(), name="decision"),
    path(
        "decisions/<id:decision_id>/recommendation",
        decisions.RecommendationsView.as_view(),
        name="recommendation",
    ),
    path(
        "decisions/<id:decision_id>/recommendation/withdrawal",
        decisions.RecommendationWithdrawalsView.as_view(),
        name="recommendation-withdrawal",
    ),
    path("decisions/<id:decision_id>/signatures", decisions.SignaturesView.as_view(), name="signatures"),
    path("signatures-needed", decisions.SignaturesNeededView.as_view(), name="signatures-needed"),
    path(f"{_ROLLOUT}/reviews", decisions.ReviewListView.as_view(), name="reviews"),
    path(f"{_ROLLOUT}/after-halt", decisions.AfterHaltView.as_view(), name="after-halt"),
    path(f"{_ROLLOUT}/evidence", decisions.EvidenceFileView.as_view(), name="evidence"),
    path("audit", records.AuditView.as_view(), name="audit"),
    path("audit/chain", records.AuditChainView.as_view(), name="audit-chain"),
    path("imports", records.ImportListView.as_view(), name="imports"),
    path("imports/<id:import_id>/refused-lines", records.RefusedLinesView.as_view(), name="refused-lines"),
    path("unmatched-alerts/review", records.UnmatchedReviewView.as_view(), name="review-unmatched"),
]
