"""How rollouts go on, over REST: triage, halt rules, phases, decisions with their evidence, the audit trail."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.test import Client

from portal.events import sequencer
from rollouts.models import CplEntry, SignOffRequirement, UnmatchedAlert
from rollouts.states import UnmatchedReason
from tests.api.conftest import Stage
from tests.api.systems import PREFIX, System, body_of, lines_of
from tests.factories import UserFactory

RULE = {"name": "Too many", "kind": "ANY", "minimum_sample": 10, "lookback_hours": 24, "threshold": 0.02}


def put(system: System, path: str, body: object, *, kind: str = "application/json") -> Any:

    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return system.client.put(PREFIX + path, data, content_type=kind)


def raised(stage: Stage, title: str = "IHDs restart") -> int:
    """An incident of the first Supplier."""
    body = {"category": 2, "title": title, "guids": [stage.guid(0)]}
    return int(body_of(stage.supplier.post(stage.path("/incidents"), body))["id"])


@pytest.fixture
def panel(stage: Stage) -> System:
    """A system of the Panel."""
    return System(stage.world.panel)


@pytest.fixture
def review(stage: Stage) -> dict[str, Any]:
    """A review the DCC has opened."""
    opened = stage.dcc.post(stage.path("/reviews"), {"because": "Failures in the North."})
    assert opened.status_code == 201, opened.content
    return dict(body_of(opened))


@pytest.mark.requirement("R5.4")
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


@pytest.mark.requirement("R5.3")
def test_a_recommendation_is_taken_back_and_an_old_wording_is_refused(stage, review):
    path = f"/decisions/{review['id']}/recommendation"
    put(stage.dcc, path, {"version": 1, "outcome": "PAUSE", "reasons": "To look."})

    late = put(stage.dcc, path, {"version": 1, "outcome": "STOP", "reasons": "No."})
    back = stage.dcc.post(f"{path}/withdrawal", {"version": 2, "why": "New figures."})

    assert (late.status_code, body_of(late)["code"]) == (409, "recommendation_changed")
    assert (back.status_code, body_of(back)["status"]) == (200, "REVIEW")


@pytest.mark.requirement("R5.3")
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


@pytest.mark.requirement("R5.3")
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


@pytest.mark.requirement("R5.3")
def test_the_evidence_is_taken_away(stage, panel, review):
    answer = panel.get(stage.path("/evidence"), Accept="application/zip")

    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert {"figures.json", "decisions.json", "SHA256SUMS"} <= set(names)


def test_what_a_halt_could_not_stop_is_counted(stage):
    document = body_of(stage.supplier.get(stage.path("/after-halt")))

    assert document == {"activated_after_halt": 0, "not_recalled": 0, "being_recalled": 0, "recalled": 0}


@pytest.mark.requirement("R5.7")
def test_halt_rules_are_added_changed_and_switched_off(stage, panel):
    made = stage.dcc.post(stage.path("/halt-rules"), RULE)
    path = stage.path(f"/halt-rules/{body_of(made)['id']}")
    changed = stage.dcc.patch(path, {"kind": "CODES", "failure_codes": ["UNREACHABLE"], "is_active": False})
    seen = body_of(panel.get(path))

    assert (made.status_code, made["Location"]) == (201, f"/api/v1{path}")
    assert (changed.status_code, body_of(changed)["failure_codes"]) == (200, ["UNREACHABLE"])
    assert (seen["is_active"], seen["is_over"], seen["rate"]["sample"]) == (False, False, 0)
    assert [each["name"] for each in body_of(panel.get(stage.path("/halt-rules")))["items"]] == ["Too many"]
    assert body_of(panel.get(stage.path("/halt-trips")))["items"] == []
    assert stage.supplier.get(stage.path("/halt-rules")).status_code == 404
    assert stage.dcc.get(stage.path("/halt-rules/999999")).status_code == 404


@pytest.mark.requirement("R3.7")
def test_a_batch_is_tried_out_formed_and_gated(stage, now):

    tree = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}
    wanted = {"automatic_at": (now + timedelta(days=90)).isoformat(), "tree": tree}
    outlook = body_of(stage.dcc.post(stage.path("/batches/preview"), wanted))
    made = stage.dcc.post(stage.path("/batches"), {**wanted, "name": "Central"})
    gate = put(
        stage.dcc,
        stage.path(f"/batches/{body_of(made)['id']}/gate"),
        {"success": 0.98, "settled": 0.9, "minimum": 1, "soak_hours": 72},
    )

    assert outlook["moves"] == body_of(made)["hubs"]
    assert (gate.status_code, body_of(gate)["gate"]["soak_hours"]) == (200, 72)
    phases = body_of(stage.dcc.get(stage.path("/phases")))["items"]
    assert [(each["name"], each["is_open"]) for each in phases] == [
        ("Safe launch group", True),
        ("Central", False),
    ]
    assert (
        put(stage.dcc, stage.path("/batches/999999/gate"), {"success": 1, "soak_hours": 0}).status_code == 404
    )


@pytest.mark.requirement("R5.2")
def test_incidents_are_merged_and_put_down_to_a_known_issue(stage, panel):
    first, second = raised(stage), raised(stage, "IHDs restart again")
    issue = stage.dcc.post("/known-issues", {"title": "Old meters", "failure_codes": ["UNREACHABLE"]})
    issue_id = body_of(issue)["id"]

    explained = put(stage.dcc, f"/incidents/{first}/known-issue", {"known_issue_id": issue_id})
    noted = put(stage.supplier, f"/incidents/{first}/service-desk", {"reference": "SD-1"})
    merged = stage.dcc.post(f"/incidents/{second}/merge", {"into_id": first})
    worded = put(
        stage.dcc,
        f"/known-issues/{issue_id}",
        {"title": "Old meters", "failure_codes": ["HARDWARE_MISMATCH"]},
    )

    assert body_of(explained)["known_issue"] == "Old meters"
    assert body_of(noted)["service_desk_reference"] == "SD-1"
    assert body_of(merged)["status"] == "MERGED"
    assert (body_of(worded)["version"], body_of(worded)["failure_codes"]) == (2, ["HARDWARE_MISMATCH"])
    assert [each["id"] for each in body_of(panel.get("/known-issues"))["items"]] == [issue_id]
    assert stage.third.post(f"/incidents/{first}/merge", {"into_id": second}).status_code in {403, 404}


@pytest.mark.requirement("R5.2")
def test_the_triage_board_is_read_by_the_dcc_and_the_panel(stage, panel):
    raised(stage)

    board = body_of(stage.dcc.get(stage.path("/triage"), {"by": "region"}))["items"]
    document = body_of(panel.get("/triage"))["items"]
    compared = body_of(panel.get(stage.path("/comparison")))

    assert sum(row["hubs"] for row in board) == sum(row["hubs"] for row in document) == 20
    assert sum(row["incidents"] for row in board) == 1
    assert [each["name"] for each in compared["measures"]] == ["incidents", "devices lost", "out of service"]
    assert stage.supplier.get("/triage").status_code == 403


@pytest.mark.requirement("R1.6")
def test_the_catalogue_is_read_by_all_and_kept_by_the_dcc(stage):
    entry = stage.world.target
    models = body_of(stage.supplier.get("/device-models"))["items"]
    listed = body_of(stage.supplier.get("/cpl-entries", {"device_model_id": entry.device_model_id}))["items"]

    refused = put(stage.supplier, f"/cpl-entries/{entry.pk}/status", {"status": "WITHDRAWN", "reason": "x"})
    done = put(
        stage.dcc,
        f"/cpl-entries/{entry.pk}/status",
        {"status": "WITHDRAWN", "reason": "By its manufacturer."},
    )

    assert models
    assert {"0C230000"} <= {each["firmware_version"] for each in listed}
    assert refused.status_code == 403
    assert (done.status_code, body_of(done)["suspended"]) == (200, [stage.rollout.pk])
    assert CplEntry.objects.get(pk=entry.pk).status == "WITHDRAWN"


def test_an_image_that_is_not_the_one_of_the_list_is_refused(stage):
    path = f"/cpl-entries/{stage.world.target.pk}/image?file_name=hub.img"

    answer = put(stage.dcc, path, b"not an image", kind="application/octet-stream")

    assert (answer.status_code, body_of(answer)["code"]) == (422, "image_refused")
    assert body_of(answer)["problems"]


@pytest.mark.requirement("R5.5")
def test_the_audit_trail_is_read_and_its_chain_checked(stage):
    stage.dcc.post(stage.path("/steps/suspend"), {"reason": "HAN devices restart."})
    sequencer.sequence_all()

    facts = body_of(stage.dcc.get("/audit", {"subject": f"rollout:{stage.rollout.pk}"}))["items"]
    chain = body_of(stage.dcc.get("/audit/chain"))

    assert any(fact["name"].startswith("rollout.") for fact in facts)
    assert (chain["is_intact"], chain["broken"]) == (True, [])
    assert stage.supplier.get("/audit").status_code == 403


@pytest.mark.requirement("R4.11")
def test_alerts_that_fit_nothing_are_reviewed(stage, now):
    alert = UnmatchedAlert.objects.create(
        alert_id=uuid4(),
        batch_id=1,
        csp_id=stage.world.csp.pk,
        guid=stage.world.guid(0),
        code=1,
        why=UnmatchedReason.NO_ROLLOUT,
        occurred_at=now,
        received_at=now,
    )

    done = stage.dcc.post("/unmatched-alerts/review", {"note": "Of a trial.", "alert_ids": [alert.pk]})

    assert body_of(done) == {"reviewed": 1}
    assert body_of(stage.dcc.get("/unmatched-alerts"))["items"] == []
    (document,) = body_of(stage.dcc.get("/unmatched-alerts", {"is_reviewed": "true"}))["items"]
    assert document["review_note"] == "Of a trial."


def test_imports_are_listed_for_the_dcc(stage):
    assert body_of(stage.dcc.get("/imports"))["items"] == []
    assert stage.dcc.get("/imports/1/refused-lines", Accept="text/csv").status_code == 404


def test_the_curve_tells_a_supplier_of_its_own_hubs(stage):
    document = body_of(stage.supplier.get(stage.path("/curve")))

    assert (document["total"], document["points"][-1]["hubs"]) == (16, 0)


def test_what_was_sent_for_a_hub_is_listed(stage):
    assert body_of(stage.supplier.get(f"/hubs/{stage.guid(0)}/commands"))["items"] == []
    assert stage.supplier.get(f"/hubs/{stage.guid(17)}/commands").status_code == 404


def test_a_person_chooses_mail_over_rest_and_a_system_cannot(stage):
    browser = Client()
    browser.force_login(stage.world.supplier_user)
    path = f"{PREFIX}/notifications/preferences"

    chosen = browser.put(path, {"mail": "DAILY"}, content_type="application/json")

    assert (chosen.status_code, body_of(browser.get(path))) == (200, {"mail": "DAILY"})
    assert put(stage.supplier, "/notifications/preferences", {"mail": "DAILY"}).status_code == 403


def test_the_estate_as_json_lines_says_what_its_pages_say(stage):

    answer = stage.supplier.get("/estate", Accept="application/x-ndjson")
    lines = [orjson.loads(line) for line in lines_of(answer)]
    pages = body_of(stage.supplier.get("/estate"))["items"]

    notices = {hub["guid"]: hub for hub in pages}
    assert [line["guid"] for line in lines] == sorted(notices)
    for line in lines:
        page = notices[line["guid"]]
        assert {name: page[name] for name in line if name != "effective_at"} == {
            name: value for name, value in line.items() if name != "effective_at"
        }


@pytest.mark.requirement("R5.3", "R6.8")
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


def test_what_is_noted_of_an_incident_heeds_the_incident_that_was_read(stage):
    path = f"/incidents/{raised(stage)}"
    tag = stage.dcc.get(path)["ETag"]

    first = stage.dcc.put(f"{path}/service-desk", {"reference": "SD-1"}, if_match=tag)
    second = stage.dcc.put(f"{path}/service-desk", {"reference": "SD-2"}, if_match=tag)
    third = stage.dcc.put(f"{path}/known-issue", {"known_issue_id": None}, if_match=tag)

    assert [first.status_code, second.status_code, third.status_code] == [200, 412, 412]


def test_a_change_of_a_rule_a_gate_or_an_issue_made_from_something_older_is_refused(stage, now):
    rule = f"/halt-rules/{body_of(stage.dcc.post(stage.path('/halt-rules'), RULE))['id']}"
    tree = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}
    batch = {"automatic_at": (now + timedelta(days=90)).isoformat(), "tree": tree, "name": "Central"}
    gate = f"/batches/{body_of(stage.dcc.post(stage.path('/batches'), batch))['id']}/gate"
    wording = {"title": "Out of reach at night", "failure_codes": ["UNREACHABLE"]}
    issue = f"/known-issues/{body_of(stage.dcc.post('/known-issues', wording))['id']}"
    terms = {"success": 0.98, "settled": 0.9, "minimum": 1, "soak_hours": 72}
    changes = [
        ("patch", stage.path(rule), {"minimum_sample": 70}, {"minimum_sample": 80}),
        ("put", stage.path(gate), terms, {**terms, "soak_hours": 48}),
        ("put", issue, {**wording, "title": "One"}, {**wording, "title": "Two"}),
    ]
    for verb, path, first, second in changes:
        read = stage.dcc.get(path)
        send = getattr(stage.dcc.client, verb)
        answers = [
            send(
                PREFIX + path,
                orjson.dumps(body),
                content_type="application/json",
                headers={"If-Match": read["ETag"]},
            )
            for body in (first, second)
        ]

        assert [answer.status_code for answer in answers] == [200, 412], (path, answers[0].content)
        assert body_of(answers[1])["code"] == "precondition_failed"
        assert answers[0]["ETag"] == stage.dcc.get(path)["ETag"] != read["ETag"]


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
