"""Addresses of the pages of incidents, triage, halt rules, phases, decisions and the audit trail."""

from __future__ import annotations

from typing import Final

from django.urls import path

from rollouts.web.governance import audit, decisions, halt_rules, incidents, known_issues, triage
from rollouts.web.governance import incident as incident_page
from rollouts.web.rollouts import phases

_UPDATE: Final = "updates/<int:rollout_id>"

governing_paths: Final = [
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents.csv", incidents.incidents_csv, name="incidents-csv"),
    path("incidents/<int:incident_id>/", incident_page.incident, name="incident"),
    path("incidents/<int:incident_id>/hubs.csv", incidents.hubs_csv, name="incident-hubs-csv"),
    path("incidents/<int:incident_id>/files/<int:file_id>/", incidents.file, name="incident-file"),
    path(f"{_UPDATE}/incidents/new/", incidents.raise_incident, name="incident-new"),
    path("triage/", triage.triage, name="triage"),
    path(f"{_UPDATE}/triage/", triage.triage_of, name="triage-of"),
    path(f"{_UPDATE}/triage/merge/", triage.merge, name="triage-merge"),
    path("known-issues/new/", known_issues.known_issue, name="known-issue-new"),
    path("known-issues/<int:issue_id>/", known_issues.known_issue, name="known-issue"),
    path(f"{_UPDATE}/halt-rules/", halt_rules.rules, name="halt-rules"),
    path(f"{_UPDATE}/halt-rules/new/", halt_rules.rule, name="halt-rule-new"),
    path(f"{_UPDATE}/halt-rules/<int:rule_id>/", halt_rules.rule, name="halt-rule"),
    path(f"{_UPDATE}/halt-rules/<int:rule_id>/switch/", halt_rules.switch, name="halt-rule-switch"),
    path(f"{_UPDATE}/phases/", phases.phase_list, name="phases"),
    path(f"{_UPDATE}/phases/new/", phases.form_phase, name="phase-new"),
    path(f"{_UPDATE}/phases/<int:batch_id>/", phases.gate, name="gate"),
    path("decisions/", decisions.decisions, name="decisions"),
    path(f"{_UPDATE}/evidence.zip", decisions.evidence, name="evidence"),
    path("audit/", audit.audit, name="audit"),
]
