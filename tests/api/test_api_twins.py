"""What can be done on a page can be done over REST: every page, and every act on it, has its operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.urls import URLPattern, get_resolver

from portal.context import MENU
from portal.identity.api_scopes import SCOPES_OF_KIND
from portal.identity.models import OrganisationKind
from portal.rest import description
from rollouts.states import ROLLOUT_STEPS
from rollouts.states.governing import INCIDENT_STEPS
from rollouts.web.rollouts.steps import _MEANS

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "templates"

#: Which operation reads what a page shows.
READS: Final[dict[str, str]] = {
    "dashboard": "getDashboard",
    "list": "listRollouts",
    "publish": "listCplEntries",
    "detail": "getRollout",
    "day": "getDashboard",
    "revise": "getRollout",
    "preview": "previewDraft",
    "step": "previewHalt",
    "release-notes": "listReleaseNotes",
    "hubs": "listRolloutHubs",
    "hubs-csv": "listRolloutHubs",
    "report": "listEligibleHubs",
    "pilot": "getPilot",
    "pilot-propose": "listNominatingSuppliers",
    "pilot-plan": "getRollout",
    "pilot-proposal": "listProposedHubs",
    "instruct": "listEligibleHubs",
    "batches": "listBatches",
    "instructions": "listInstructions",
    "receipt": "getInstruction",
    "failures": "listRejections",
    "estate": "listEstate",
    "estate-csv": "listEstate",
    "labels": "listLabels",
    "estate-views": "listEstateViews",
    "estate-files": "listEstateFiles",
    "estate-file": "fetchEstateFile",
    "hub": "getHub",
    "hub-commands": "listHubCommands",
    "schedule": "listForwardSchedule",
    "schedule-csv": "listForwardSchedule",
    "channels": "listChannels",
    "channel": "getChannelTerms",
    "pace": "getPace",
    "own-hours": "getOwnHours",
    "unmatched": "listUnmatchedAlerts",
    "catalogue": "listCplEntries",
    "imports": "listImports",
    "import": "listImports",
    "import-file": "getImportFile",
    "import-refused": "getRefusedLines",
    "cpl-entry": "getCplEntry",
    "cpl-entry-new": "listDeviceModels",
    "cpl-entry-change": "getCplEntry",
    "cpl-status": "previewCplStatus",
    "device-model-new": "listDeviceModels",
    "decisions": "listDecisions",
    "decision": "getDecision",
    "evidence": "getEvidence",
    "incidents": "listIncidents",
    "incidents-csv": "listIncidents",
    "incident": "getIncident",
    "incident-new": "listRolloutHubs",
    "incident-hubs-csv": "listIncidentHubs",
    "incident-file": "getIncidentFile",
    "triage": "getTriage",
    "triage-of": "getTriageOfRollout",
    "known-issue": "listKnownIssues",
    "known-issue-new": "listKnownIssues",
    "halt-rules": "listHaltRules",
    "halt-rule": "getHaltRule",
    "halt-rule-new": "listHaltRules",
    "phases": "listPhases",
    "phase-new": "listPhases",
    "gate": "listPhases",
    "audit": "listFacts",
    "audit-csv": "listFacts",
    "business-rules": "getSignaturesNeeded",
    "rules-propose": "getSignaturesNeeded",
    "rules-sign": "getDecision",
    "rules": "listSelectionRules",
    "rule": "getSelectionRule",
    "rule-new": "listSelectionRules",
    "rule-build": "getSelectionRule",
    "approvals": "listApprovalRules",
    "approval": "getApprovalRule",
    "approval-new": "listApprovalRules",
    "approval-build": "getApprovalRule",
    "approval-try": "backTestApproval",
    "approval-enable": "dryRunApproval",
    "webhooks": "listWebhooks",
    "webhook-create": "listWebhooks",
    "webhook": "getWebhook",
    "inbox": "listNotifications",
    "preferences": "getNoticePreferences",
}
#: Which operation does what a page does: by page, and by act where a page has several.
ACTS: Final[dict[str, dict[str, str]]] = {
    "publish": {"": "draftRollout"},
    "revise": {"": "reviseDraft"},
    "discard": {"": "discardDraft"},
    "preview": {"": "takeStep"},
    "step": dict.fromkeys(_MEANS, "takeStep"),
    "release-notes": {"": "reviseReleaseNote"},
    "pilot": {"preview": "previewSelection", "submit": "nominate"},
    "pilot-decide": {"confirm": "confirmSubmissions", "decline": "declineSubmission"},
    "pilot-plan": {"": "planPilot"},
    "pilot-remind": {"": "remindToNominate"},
    "pilot-propose": {"preview": "previewSelection", "propose": "proposePilot"},
    "pilot-proposal": {"accept": "answerProposal", "refuse": "answerProposal"},
    "pilot-withdraw": {"": "withdrawSubmission"},
    "instruct": {"check": "giveInstruction"},
    "instruct-submit": {"": "giveInstruction"},
    "instruct-not-accepted": {"": "giveInstruction"},
    "hub-read": {"": "requestReadings"},
    "unmatched-review": {"": "reviewUnmatchedAlerts"},
    "cpl-entry-new": {"": "addCplEntry"},
    "imports": {"": "sendImport"},
    "import-file": {"name": "mapFileColumns", "confirm": "confirmCplImport", "call_off": "callOffImport"},
    "import-differences": {"keep": "decideDifferences", "take": "decideDifferences"},
    "cpl-entry-change": {"": "changeCplEntry"},
    "cpl-image": {"": "uploadImage"},
    "cpl-status": {"": "changeCplStatus"},
    "device-model-new": {"": "addDeviceModel"},
    "channel": {"": "setChannelTerms", "forecast": "forecastChannel"},
    "pace": {"": "setPace"},
    "own-hours": {"": "setOwnHours"},
    "selected": {
        "instruct": "giveInstruction",
        "incident": "raiseIncident",
        "label": "labelHubs",
        "unlabel": "removeLabel",
        "read": "requestReadings",
    },
    "labels": {"": "labelHubs"},
    "label-remove": {"": "removeLabel"},
    "hub-labels": {"label": "labelHubs", "unlabel": "removeLabel"},
    "estate-file-order": {"": "orderEstateFile"},
    "estate-file-remove": {"": "removeEstateFile"},
    "decision": {
        "open": "openReview",
        "recommend": "recommend",
        "take_back": "withdrawRecommendation",
        "approve": "signDecision",
        "reject": "signDecision",
    },
    "incident": {
        "comment": "commentOnIncident",
        "attach": "attachToIncident",
        "reference": "setServiceDeskReference",
        "explain": "explainIncident",
        "merge": "mergeIncident",
        **{verb: "takeIncidentStep" for verb in INCIDENT_STEPS if verb != "merge"},
    },
    "incident-new": {"": "raiseIncident"},
    "triage-merge": {"": "mergeIncident"},
    "known-issue": {"": "changeKnownIssue"},
    "known-issue-new": {"": "addKnownIssue"},
    "halt-rule": {"": "changeHaltRule"},
    "halt-rule-new": {"": "addHaltRule"},
    "halt-rule-switch": {"": "changeHaltRule"},
    "phase-check": {"": "previewBatch"},
    "phase-new": {"": "createBatch"},
    "gate": {"set": "setGate", "open": "openGate"},
    "audit": {"": "checkChain"},
    "rules-propose": {"": "proposeSignatures"},
    "rules-sign": {"approve": "signDecision", "reject": "signDecision"},
    "rules-withdraw": {"": "withdrawRecommendation"},
    "rule-new": {"preview": "previewSelection", "save": "saveSelectionRule"},
    "rule-build": {"preview": "previewSelection", "save": "saveSelectionRule"},
    "rule-archive": {"": "archiveSelectionRule"},
    "rule-nominate": {"": "nominate"},
    "approval-new": {"save": "saveApprovalRule", "try": "backTestApproval"},
    "approval-build": {"save": "saveApprovalRule", "try": "backTestApproval"},
    "approval-enable": {"": "enableApprovalRule"},
    "approval-disable": {"disable": "disableApprovalRule", "archive": "archiveApprovalRule"},
    "webhook-create": {"": "createWebhook"},
    "webhook": {"": "changeWebhook"},
    "webhook-replay": {"": "replayWebhook"},
    "webhook-act": {
        "ping": "pingWebhook",
        "rotate": "rotateWebhookSecret",
        "pause": "changeWebhook",
        "resume": "changeWebhook",
        "remove": "removeWebhook",
    },
    "seen": {"": "markNotificationsSeen"},
    "preferences": {"": "setNoticePreferences"},
    "mute": {"": "setNoticePreferences"},
}
#: What has no twin, and why.
WITHOUT: Final[dict[str, str]] = {
    "requirements": "a document for people, served as a page and kept with the portal",
    "columns": "a person's own",
    "calendar": "a person's own: a system reads the dates with the dashboard and the rollouts",
    "calendar-file": "as before",
    "open": "leads a person to what a notice is about; a system marks notices as seen",
    "selected-rollouts": "leads from hubs ticked in a list to the form of one of their rollouts",
    "search": "leads people to pages; each kind is listed and filtered by operations of its own",
    "estate-view-save": "a person's own: a system keeps its filters itself, and reads those that are shared",
    "estate-view": "a person's own, as before",
    "instruct-again": "leads from what was checked back to the form, and changes nothing",
    "certificates": "whose signature counts is decided by people: no system lets itself in",
    "certificate-upload": "as before",
    "certificate-accept": "as before",
    "certificate-revoke": "as before",
    "service-message": "whoever speaks XML has its messages",
    # Who comes in is decided by people, under their second factor: no token opens that door.
    "organisation-log-in": "a person logs in",
    "people-invite": "people are let in by people",
    "person": "as before",
    "person-act": "as before",
    "client-create": "systems are let in by people; their tokens and secrets have /oauth/token",
    "client": "as before",
    "client-act": "as before",
    "single-sign-on": "where people log in is decided by people",
    "single-sign-on-remove": "as before",
    "oauth-token": "is for systems already",
    "oauth-revoke": "is for systems already",
}
#: Acts that only draw a form again.
DRAWING: Final = {"refresh", "change", "remove", "add", "group", "wrap"}


def patterns() -> Iterator[URLPattern]:
    """The addresses of the pages: of each area, and of accounts but for the library's own."""
    for resolver in get_resolver().url_patterns:
        area = getattr(resolver, "app_name", None)
        module = str(getattr(resolver, "urlconf_name", ""))
        if area in {"rollouts", "notifications"} or "portal.accounts.urls" in module:
            yield from (each for each in resolver.url_patterns if isinstance(each, URLPattern) and each.name)


def methods_of(view: Callable[..., Any]) -> set[str]:
    """The methods a view of ours takes, as its decorator was told; none of a view of a library."""
    seen: set[int] = set()
    left: list[Any] = [view]
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        for cell in getattr(each, "__closure__", None) or ():
            held = cell.cell_contents
            if isinstance(held, list) and held and set(held) <= {"GET", "HEAD", "POST"}:
                return set(held)
            if callable(held):
                left.append(held)
    return set()


PAGES: Final = {str(each.name): methods_of(each.callback) for each in patterns()}
OF_AREAS: Final = {
    str(each.name)
    for resolver in get_resolver().url_patterns
    if getattr(resolver, "app_name", None) in {"rollouts", "notifications"}
    for each in resolver.url_patterns
}
OPERATIONS: Final = {
    operation["operationId"]: (method, path)
    for path, methods in description.openapi_document()["paths"].items()
    for method, operation in methods.items()
    if method in {"get", "put", "post", "patch", "delete"}
}


def test_every_page_of_ours_says_which_methods_it_takes():
    assert {name for name in OF_AREAS if not PAGES[name]} == set()


@pytest.mark.requirement("R6.2")
def test_every_page_can_be_read_by_a_system():
    reading = {name for name in OF_AREAS if "GET" in PAGES[name]}

    assert reading - READS.keys() - WITHOUT.keys() == set(), "give the page an operation"
    assert set(READS.values()) <= OPERATIONS.keys()


@pytest.mark.requirement("R6.2")
def test_every_act_on_a_page_can_be_done_by_a_system():
    acting = {name for name, methods in PAGES.items() if "POST" in methods}

    assert acting - ACTS.keys() - WITHOUT.keys() == set(), "give the act an operation, or say why not"
    assert {each for acts in ACTS.values() for each in acts.values()} <= OPERATIONS.keys()


def test_nothing_is_named_that_is_no_page():
    assert (READS.keys() | ACTS.keys() | WITHOUT.keys()) - PAGES.keys() == set()


@pytest.mark.requirement("R6.2")
def test_every_act_a_form_offers_is_named():
    named = {act for acts in ACTS.values() for act in acts}
    offered = {
        act
        for template in TEMPLATES.rglob("*.html")
        for act in re.findall(r'name="act"[^>]*?value="([a-z_]+)[":]', template.read_text())
    }

    assert offered - named - DRAWING == set()
    assert "approve" in offered


@pytest.mark.requirement("R6.2")
def test_every_step_of_the_tables_is_in_the_description():
    steps = description.openapi_document()["paths"]["/api/v1/rollouts/{rollout_id}/steps/{verb}"]["post"][
        "parameters"
    ]
    incident = description.openapi_document()["paths"]["/api/v1/incidents/{incident_id}/steps/{verb}"][
        "post"
    ]["parameters"]
    verbs, moves = (
        next(each["schema"]["enum"] for each in result if each["name"] == "verb")
        for result in (steps, incident)
    )

    decided = {"pause", "resume", "stop"}
    assert all(verb in verbs for verb in ROLLOUT_STEPS.keys() - decided - {"complete"} if verb in _MEANS)
    assert all(verb in moves for verb in INCIDENT_STEPS if verb != "merge")


def test_a_change_is_no_get():
    reading = {"checkChain"}  # what a page does by POST and REST by reading
    doing = {each for acts in ACTS.values() for each in acts.values()} - reading

    assert {each for each in doing if OPERATIONS[each][0] == "get"} == set()


#: What reads a page for another kind of organisation than the table says.
OTHERWISE: Final = {
    (OrganisationKind.CSP, "schedule"): "listCspSchedule",
    (OrganisationKind.CSP, "channels"): "listCspChannels",
}


@pytest.mark.requirement("R6.2")
@pytest.mark.parametrize("kind", OrganisationKind)
def test_every_entry_of_the_menu_can_be_read_by_a_system_of_those_who_see_it(kind):
    scopes_of = {
        operation["operationId"]: operation["security"][0]["clientCredentials"]
        for methods in description.openapi_document()["paths"].values()
        for operation in methods.values()
    }

    for _, address, kinds, _ in MENU:
        page = address.partition(":")[2]
        if kind in kinds:
            needed = scopes_of[OTHERWISE.get((kind, page), READS[page])]
            assert needed, page
            assert set(needed) <= set(SCOPES_OF_KIND[kind]), page
