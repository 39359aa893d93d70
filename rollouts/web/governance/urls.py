"""Addresses of the pages of governance."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.governance import (
    audit,
    deciding,
    decisions,
    halt_rules,
    incident,
    incidents,
    known_issues,
    requirements,
    triage,
)

_ROLLOUT = "rollouts/<int:rollout_id>"

urlpatterns: list[URLPattern] = [
    path("rollouts/<int:rollout_id>/decision/", deciding.decision, name="decision"),
    path("requirements/", requirements.requirements, name="requirements"),
    path("requirements/rules/", requirements.rules, name="business-rules"),
    path("requirements/rules/propose/", requirements.propose, name="rules-propose"),
    path("requirements/rules/<int:decision_id>/", requirements.sign, name="rules-sign"),
    path("requirements/rules/<int:decision_id>/withdraw/", requirements.withdraw, name="rules-withdraw"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents.csv", incidents.incidents_csv, name="incidents-csv"),
    path("incidents/<incident:incident_id>/", incident.incident, name="incident"),
    path("incidents/<incident:incident_id>/hubs.csv", incidents.hubs_csv, name="incident-hubs-csv"),
    path(
        "incidents/<incident:incident_id>/files/<incident_file:file_id>/",
        incidents.file,
        name="incident-file",
    ),
    path(f"{_ROLLOUT}/incidents/new/", incidents.raise_incident, name="incident-new"),
    path("triage/", triage.triage, name="triage"),
    path(f"{_ROLLOUT}/triage/", triage.triage_of, name="triage-of"),
    path(f"{_ROLLOUT}/triage/merge/", triage.merge, name="triage-merge"),
    path("known-issues/new/", known_issues.known_issue, name="known-issue-new"),
    path("known-issues/<int:issue_id>/", known_issues.known_issue, name="known-issue"),
    path(f"{_ROLLOUT}/halt-rules/", halt_rules.rules, name="halt-rules"),
    path(f"{_ROLLOUT}/halt-rules/new/", halt_rules.rule, name="halt-rule-new"),
    path(f"{_ROLLOUT}/halt-rules/<int:rule_id>/", halt_rules.rule, name="halt-rule"),
    path(f"{_ROLLOUT}/halt-rules/<int:rule_id>/switch/", halt_rules.switch, name="halt-rule-switch"),
    path("decisions/", decisions.decisions, name="decisions"),
    path(f"{_ROLLOUT}/evidence.zip", decisions.evidence, name="evidence"),
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", audit.audit_csv, name="audit-csv"),
]
