"""Addresses of the pages of rules."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.rules import approval_building, approvals, views

urlpatterns: list[URLPattern] = [
    path("rules/", views.rules, name="rules"),
    path("rules/new/", views.build, name="rule-new"),
    path("rules/<selection_rule:rule_id>/", views.rule, name="rule"),
    path("rules/<selection_rule:rule_id>/change/", views.build, name="rule-build"),
    path("rules/<selection_rule:rule_id>/nominate/", views.nominate, name="rule-nominate"),
    path("rules/<selection_rule:rule_id>/archive/", views.archive, name="rule-archive"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/new/", approval_building.build_approval, name="approval-new"),
    path("approvals/<approval_rule:rule_id>/", approvals.approval, name="approval"),
    path(
        "approvals/<approval_rule:rule_id>/change/", approval_building.build_approval, name="approval-build"
    ),
    path("approvals/<approval_rule:rule_id>/try/", approvals.try_out, name="approval-try"),
    path("approvals/<approval_rule:rule_id>/enable/", approvals.enable, name="approval-enable"),
    path("approvals/<approval_rule:rule_id>/disable/", approvals.disable, name="approval-disable"),
]
