"""Addresses of the REST endpoints of rules."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.rules import approvals, views

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ROLLOUT}/selection-preview", views.SelectionPreviewView.as_view(), name="selection-preview"),
    path("selection-rules", views.SelectionRuleListView.as_view(), name="selection-rules"),
    path(
        "selection-rules/<selection_rule:rule_id>",
        views.SelectionRuleDetailView.as_view(),
        name="selection-rule",
    ),
    path("approval-rules", approvals.ApprovalRuleListView.as_view(), name="approval-rules"),
    path("approval-rules/dry-run", approvals.DryRunView.as_view(), name="approval-dry-run"),
    path("approval-rules/back-test", approvals.BackTestView.as_view(), name="approval-back-test"),
    path(
        "approval-rules/<approval_rule:rule_id>",
        approvals.ApprovalRuleDetailView.as_view(),
        name="approval-rule",
    ),
    path(
        "approval-rules/<approval_rule:rule_id>/versions",
        approvals.ApprovalVersionListView.as_view(),
        name="approval-rule-versions",
    ),
    path(
        "approval-rules/<approval_rule:rule_id>/enabled",
        approvals.ApprovalEnablingView.as_view(),
        name="approval-rule-enabled",
    ),
]
