"""Decisions over REST: recommended by systems, signed by people, with their evidence."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client

from rollouts.models import SignOffRequirement
from tests.api.conftest import Stage
from tests.api.governing import put
from tests.api.systems import PREFIX, body_of
from tests.factories import UserFactory


@pytest.fixture
def review(stage: Stage) -> dict[str, Any]:
    """A review the DCC has opened."""
    opened = stage.dcc.post(stage.path("/reviews"), {"because": "Failures in the North."})
    assert opened.status_code == 201, opened.content
    return dict(body_of(opened))


@pytest.mark.requirement("R5.3")
def test_the_dcc_recommends_and_a_person_of_the_panel_signs(stage, panel, review):
    path = f"/decisions/{review['id']}"
    worded = put(
        stage.dcc, f"{path}/recommendation", {"version": 1, "outcome": "STOP", "reasons": "Too many fail."}
    )
    version = body_of(worded)["version"]
    by_system = panel.post(f"{path}/signatures", {"version": version, "verdict": "APPROVE"})
    browser = Client()
    browser.force_login(stage.world.panel_user)
    signed = browser.post(
        f"{PREFIX}{path}/signatures",
        {"version": version, "verdict": "APPROVE"},
        content_type="application/json",
    )

    assert (worded.status_code, body_of(worded)["status"]) == (200, "RECOMMENDED")
    assert by_system.status_code == 403
    assert (signed.status_code, body_of(signed)["status"]) == (200, "ENACTED")
    assert body_of(signed)["halted"]["hubs_by_state"]
    assert [each["body"] for each in body_of(panel.get(path))["signatures"]] == ["SEC Panel"]
    assert body_of(stage.supplier.get("/decisions"))["items"][0]["outcome"] == "STOP"


def test_a_recommendation_is_taken_back_and_an_old_wording_is_refused(stage, review):
    path = f"/decisions/{review['id']}/recommendation"
    put(stage.dcc, path, {"version": 1, "outcome": "PAUSE", "reasons": "To look."})

    late = put(stage.dcc, path, {"version": 1, "outcome": "STOP", "reasons": "No."})
    back = stage.dcc.post(f"{path}/withdrawal", {"version": 2, "why": "New figures."})

    assert (late.status_code, body_of(late)["code"]) == (409, "recommendation_changed")
    assert (back.status_code, body_of(back)["status"]) == (200, "REVIEW")


def test_who_must_sign_is_read_and_proposed(stage, panel):
    needed = body_of(panel.get("/signatures-needed", {"outcome": "STOP"}))
    rows = [
        {
            "option": 1,
            "organisation": stage.world.panel.pk,
            "role": "PANEL_MEMBER",
            "number": 1,
            "outcomes": [],
        }
    ]

    by_system = stage.dcc.post("/signatures-needed", {"rows": rows, "reasons": "As agreed."})
    browser = Client()
    browser.force_login(stage.world.operator_user)
    proposed = browser.post(
        f"{PREFIX}/signatures-needed",
        orjson.dumps({"rows": rows, "reasons": "As agreed."}),
        content_type="application/json",
    )

    assert needed["options"]
    assert by_system.status_code == 403
    assert (proposed.status_code, body_of(proposed)["kind"]) == (201, "REQUIREMENTS")
    assert stage.supplier.get("/signatures-needed", {"outcome": "STOP"}).status_code == 403


def test_nobody_signs_what_a_system_of_theirs_recommended(stage, review, now):
    SignOffRequirement.objects.filter(in_force_until=None).update(in_force_until=now)
    SignOffRequirement.objects.create(
        option=1, organisation=stage.world.dcc, role="DCC_OPERATOR", number=1, in_force_from=now
    )
    path = f"/decisions/{review['id']}"
    body = {"outcome": "PROCEED", "reasons": "One meter model."}
    put(stage.dcc, f"{path}/recommendation", {"version": 1, **body})
    browser = Client()
    browser.force_login(UserFactory(organisation=stage.world.dcc))

    refused = browser.post(
        f"{PREFIX}{path}/signatures", {"version": 2, "verdict": "APPROVE"}, content_type="application/json"
    )
    seen = body_of(browser.get(PREFIX + path))
    other = Client()
    other.force_login(stage.world.operator_user)
    worded = other.put(
        f"{PREFIX}{path}/recommendation",
        orjson.dumps({"version": 2, **body}),
        content_type="application/json",
    )
    signed = browser.post(
        f"{PREFIX}{path}/signatures", {"version": 3, "verdict": "APPROVE"}, content_type="application/json"
    )

    assert (refused.status_code, seen["may_sign"]) == (403, False)
    assert worded.status_code == 200
    assert (signed.status_code, body_of(signed)["status"]) == (200, "ENACTED")


def test_the_evidence_is_taken_away(stage, panel, review):
    answer = panel.get(stage.path("/evidence"), Accept="application/zip")

    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert {"figures.json", "decisions.json", "SHA256SUMS"} <= set(names)


def test_a_proposal_of_who_must_sign_is_taken_back_by_people_of_the_body_that_made_it(stage):
    rows = [{"option": 1, "organisation": stage.world.panel.pk, "role": "PANEL_MEMBER", "number": 1}]
    operator, member = Client(), Client()
    operator.force_login(stage.world.operator_user)
    member.force_login(stage.world.panel_user)

    def post(client, path, document):
        return client.post(PREFIX + path, orjson.dumps(document), content_type="application/json")

    made = body_of(post(operator, "/signatures-needed", {"rows": rows, "reasons": "As agreed."}))
    path = f"/decisions/{made['id']}/recommendation/withdrawal"
    body = {"version": made["version"], "why": "Two were meant."}

    by_system = stage.dcc.post(path, body)
    by_panel = post(member, path, body)
    back = post(operator, path, body)

    assert (by_system.status_code, by_panel.status_code) == (403, 403)
    assert (back.status_code, body_of(back)["status"]) == (200, "REJECTED")
    assert body_of(back)["effects"] == {"withdrawn": "Two were meant."}


@pytest.mark.requirement("R1.2")
def test_what_an_earlier_date_does_to_instructions_is_read_before_it_is_signed(stage, review, now):
    instruct = {
        "kind": "INSTRUCT",
        "guids": [stage.guid(0)],
        "activate_at": (now + timedelta(days=80)).isoformat(),
    }
    stage.supplier.post(stage.path("/instructions"), instruct)
    path = f"/decisions/{review['id']}"
    body = {"version": 1, "outcome": "BRING_FORWARD", "reasons": "Sooner."}

    later = stage.dcc.put(
        f"{path}/recommendation", {**body, "automatic_at": (now + timedelta(days=300)).isoformat()}
    )
    done = stage.dcc.put(
        f"{path}/recommendation", {**body, "automatic_at": (now + timedelta(days=40)).isoformat()}
    )

    assert (later.status_code, body_of(later)["code"]) == (409, "FORWARD_NOT_EARLIER")
    assert done.status_code == 200
    assert body_of(stage.dcc.get(path))["instructed_later"] == 1
    assert stage.supplier.get(path).status_code in {403, 404}
