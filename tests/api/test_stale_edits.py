"""Every resource that can be edited over REST: a change made from something older is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.rest import description
from rollouts.states import CplStatus
from tests.api.systems import body_of

pytestmark = pytest.mark.django_db
NORTH = {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]}
CENTRAL = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}
HALT_RULE = {
    "name": "Too many fail",
    "kind": "ANY",
    "minimum_sample": 60,
    "lookback_hours": 24,
    "threshold": 0.02,
}
ISSUE = {"title": "Out of reach at night", "failure_codes": ["UNREACHABLE"]}
GATE = {"success": 0.98, "settled": 0.9, "minimum": 1, "soak_hours": 72}


def draft(stage, now):
    body = {
        "name": "Another one",
        "cpl_entry_id": stage.world.target.pk,
        "kind": "SEC_RELEASE",
        "severity": "MAJOR",
        "priority": "P2",
        "automatic_at": (now + timedelta(days=150)).isoformat(),
    }
    return f"/rollouts/{body_of(stage.dcc.post('/rollouts', body))['id']}", {"name": "One"}, {"name": "Two"}


def halt_rule(stage, now):
    made = body_of(stage.dcc.post(stage.path("/halt-rules"), HALT_RULE))
    return stage.path(f"/halt-rules/{made['id']}"), {"minimum_sample": 70}, {"minimum_sample": 80}


def gate(stage, now):
    batch = {"automatic_at": (now + timedelta(days=90)).isoformat(), "tree": CENTRAL, "name": "Central"}
    made = body_of(stage.dcc.post(stage.path("/batches"), batch))
    return stage.path(f"/batches/{made['id']}/gate"), GATE, {**GATE, "soak_hours": 48}


def known_issue(stage, now):
    made = body_of(stage.dcc.post("/known-issues", ISSUE))
    return f"/known-issues/{made['id']}", {**ISSUE, "title": "One"}, {**ISSUE, "title": "Two"}


def cpl_entry(stage, now):
    return f"/cpl-entries/{stage.world.target.pk}", {"gbcs_version": "4.1"}, {"gbcs_version": "4.3"}


def cpl_status(stage, now):
    path = f"/cpl-entries/{stage.world.oldest.pk}/status"
    first, second = (
        {"status": status.name, "reason": "-"} for status in (CplStatus.EXPIRED, CplStatus.ACTIVE)
    )
    return path, first, second


def columns(stage, now):
    first, second = ({"kind": "LOAD", "columns": {"guid": text}} for text in ("CHF", "Hub"))
    return "/imports/columns", first, second


def webhook(stage, now):
    made = stage.supplier.post("/webhooks", {"name": "CRM", "url": "https://1.1.1.1/hook", "kinds": []})
    return made["Location"].removeprefix("/api/v1"), {"name": "One"}, {"name": "Two"}


EDITS = {
    "changeWebhook": ("patch", webhook),
    "reviseDraft": ("patch", draft),
    "changeHaltRule": ("patch", halt_rule),
    "setGate": ("put", gate),
    "changeKnownIssue": ("put", known_issue),
    "changeCplEntry": ("patch", cpl_entry),
    "changeCplStatus": ("put", cpl_status),
    "mapFileColumns": ("put", columns),
}
#: Shown where their family is tested.
ELSEWHERE = {
    "uploadImage": "tests/api/catalogue/test_catalogue_api.py",
    "setServiceDeskReference": "tests/api/governance/test_governing_api.py",
    "explainIncident": "tests/api/governance/test_governing_api.py",
    "setNoticePreferences": "notices are a person's own, kept whole",
    "planPilot": "tests/api/pilots/test_proposals_api.py",
    "recommend": "names the version of the decision it was made from",
}


#: Of the schedule: shown in its own tests.
OF_OTHERS = frozenset({"setChannelTerms", "setOwnHours", "setPace"})


@pytest.mark.parametrize("operation", sorted(EDITS))
def test_a_change_made_from_something_older_is_refused_and_one_from_now_is_taken(stage, now, operation):
    verb, make = EDITS[operation]
    path, first, second = make(stage, now)
    system = stage.supplier if operation == "changeWebhook" else stage.dcc
    change = getattr(system, verb)
    read = system.get(path)["ETag"]

    current = change(path, first, If_Match=read)
    stale = change(path, second, If_Match=read)
    now_there = system.get(path)["ETag"]
    again = change(path, second, If_Match=now_there)
    any_will_do = change(path, first, If_Match="*")

    assert (current.status_code, stale.status_code) == (200, 412), (current.content, stale.content)
    assert body_of(stale)["code"] == "precondition_failed"
    assert now_there != read
    assert (again.status_code, any_will_do.status_code) == (200, 200), again.content


def test_every_edit_there_is_stands_in_the_table():
    documented = {
        operation["operationId"]
        for path, methods in description.openapi_document()["paths"].items()
        for verb, operation in methods.items()
        if verb in {"patch", "put"} and path.startswith("/api/")
    }

    assert documented - EDITS.keys() - ELSEWHERE.keys() - OF_OTHERS == set()


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/selection-rules", {"tree": NORTH}, {"tree": CENTRAL}),
        (
            "/approval-rules",
            {
                "release_tree": {"all": [{"field": "severity", "op": "in", "value": ["CRITICAL"]}]},
                "hub_tree": NORTH,
                "time_policy": {"after": "notice", "days": 7},
            },
            {"hub_tree": CENTRAL},
        ),
    ],
)
def test_a_version_of_a_rule_is_made_from_the_one_that_was_read(stage, path, body, other):
    first = {"name": "Mine", **body}
    second = {**first, **other}
    assert body_of(stage.supplier.post(path, first))["version"] == 1
    assert body_of(stage.supplier.post(path, {**second, "made_from": 1}))["version"] == 2

    stale = stage.supplier.post(path, {**first, "made_from": 1})
    current = stage.supplier.post(path, {**first, "made_from": 2})

    assert (stale.status_code, body_of(stale)["code"]) == (412, "precondition_failed")
    assert (current.status_code, body_of(current)["version"]) == (201, 3)
