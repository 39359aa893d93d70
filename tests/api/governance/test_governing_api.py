"""How rollouts go on, over REST: triage, halt rules, phases, incidents, the audit trail."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import orjson
import pytest
from django.test import Client

from portal.events import sequencer
from rollouts.models import CplEntry, UnmatchedAlert
from rollouts.states import UnmatchedReason
from tests.api.governing import RULE, put, raised
from tests.api.systems import PREFIX, body_of, lines_of


def test_what_a_halt_could_not_stop_is_counted(stage):
    document = body_of(stage.supplier.get(stage.path("/after-halt")))

    assert document == {"activated_after_halt": 0, "not_recalled": 0, "being_recalled": 0, "recalled": 0}


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


def test_the_catalogue_is_read_by_all_and_kept_by_the_dcc(stage):
    entry = stage.world.target
    models = body_of(stage.supplier.get("/device-models"))["items"]
    entries = body_of(stage.supplier.get("/cpl-entries", {"device_model_id": entry.device_model_id}))["items"]

    refused = put(stage.supplier, f"/cpl-entries/{entry.pk}/status", {"status": "WITHDRAWN", "reason": "x"})
    done = put(
        stage.dcc,
        f"/cpl-entries/{entry.pk}/status",
        {"status": "WITHDRAWN", "reason": "By its manufacturer."},
    )

    assert models
    assert {"0C230000"} <= {each["firmware_version"] for each in entries}
    assert refused.status_code == 403
    assert (done.status_code, body_of(done)["suspended"]) == (200, [stage.rollout.pk])
    assert CplEntry.objects.get(pk=entry.pk).status == "WITHDRAWN"


def test_an_image_that_is_not_the_one_of_the_list_is_refused(stage):
    path = f"/cpl-entries/{stage.world.target.pk}/image?file_name=hub.img"

    answer = put(stage.dcc, path, b"not an image", kind="application/octet-stream")

    assert (answer.status_code, body_of(answer)["code"]) == (422, "image_refused")
    assert body_of(answer)["problems"]


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

    nothing_muted = {"muted_kinds": [], "muted_rollouts": []}
    assert (chosen.status_code, body_of(browser.get(path))) == (200, {"mail": "DAILY", **nothing_muted})
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
