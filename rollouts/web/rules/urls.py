"""Addresses of the pages of rules."""

from __future__ import annotations

from typing import Final

from django.urls import path

from rollouts.web.rules import approval_building
from rollouts.web.rules import approvals as approving
from rollouts.web.rules import views as rule_building

rule_paths: Final = [
    path("rules/", rule_building.rules, name="rules"),
    path("rules/new/", rule_building.build, name="rule-new"),
    path("rules/<int:rule_id>/", rule_building.rule, name="rule"),
    path("rules/<int:rule_id>/change/", rule_building.build, name="rule-build"),
    path("rules/<int:rule_id>/nominate/", rule_building.nominate, name="rule-nominate"),
    path("rules/<int:rule_id>/archive/", rule_building.archive, name="rule-archive"),
    path("approvals/", approving.approvals, name="approvals"),
    path("approvals/new/", approval_building.build_approval, name="approval-new"),
    path("approvals/<int:rule_id>/", approving.approval, name="approval"),
    path("approvals/<int:rule_id>/change/", approval_building.build_approval, name="approval-build"),
    path("approvals/<int:rule_id>/try/", approving.try_out, name="approval-try"),
    path("approvals/<int:rule_id>/enable/", approving.enable, name="approval-enable"),
    path("approvals/<int:rule_id>/disable/", approving.disable, name="approval-disable"),
]
