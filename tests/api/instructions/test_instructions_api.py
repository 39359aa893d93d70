"""Instructing over REST: three forms of body, dry runs, receipts, rejections, keys."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta

import pytest

from portal.kernel.references import number_of
from rollouts.models import Instruction
from tests.api.systems import body_of, lines_of

STRANGER = "FF-FF-FF-FF-FF-FF-FF-01"


@pytest.mark.requirement("R4.1", "R4.2", "R6.2")
def test_an_instruction_in_json_is_answered_with_its_whole_result(stage, now):
    wanted = (now + timedelta(days=30)).isoformat()
    guids = [stage.guid(0), stage.guid(9), STRANGER, "nonsense", stage.guid(17)]

    answer = stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "activate_at": wanted, "guids": guids}
    )

    document = body_of(answer)
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/instructions/{document['reference']}"
    assert (document["accepted"], document["rejected"], document["channel"]) == (2, 3, "REST")
    assert [(each["line"], each["reason"]) for each in document["rejections"]] == [
        (3, "UNKNOWN_DEVICE"),
        (4, "MALFORMED_ID"),
        (5, "UNKNOWN_DEVICE"),
    ]
    assert document["consents"] == {"COMPLETE": 1, "AWAITING_SECOND": 1}


@pytest.mark.requirement("R6.2")
@pytest.mark.parametrize(
    ("kind", "form"),
    [("text/csv", "guid\n{}\n{}\n"), ("application/x-ndjson", '"{}"\n{{"guid": "{}"}}\n')],
)
def test_lists_travel_as_csv_and_ndjson_with_gzip(stage, kind, form):
    body = gzip.compress(form.format(stage.guid(0), stage.guid(1)).encode())

    answer = stage.supplier.post(
        stage.path("/instructions?kind=INSTRUCT&name=CRM"), body, kind=kind, Content_Encoding="gzip"
    )

    document = body_of(answer)
    assert (answer.status_code, document["accepted"], document["rejected"]) == (201, 2, 0), document
    assert document["name"] == "CRM"


@pytest.mark.requirement("R6.2")
def test_a_dry_run_changes_nothing(stage):
    answer = stage.supplier.post(
        stage.path("/instructions?dry_run=true"),
        {"kind": "INSTRUCT", "name": "CRM", "guids": [stage.guid(0), STRANGER]},
    )

    document = body_of(answer)
    assert answer.status_code == 200
    assert (document["dry_run"], document["accepted"], document["rejected"]) == (True, 1, 1)
    assert not Instruction.objects.exists()


@pytest.mark.requirement("R3.4", "R6.2")
def test_an_agreement_names_its_time_and_is_refused_once_that_has_moved(stage, now):
    """Hub 9 has the other one for its second Supplier, and neither is told of the other's name."""
    seen, moved = now + timedelta(days=20), now + timedelta(days=40)
    hub = {"guids": [stage.guid(9)]}
    stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "activate_at": seen.isoformat(), **hub}
    )
    agree = {"kind": "AGREE", **hub}

    shown = body_of(stage.other.post(stage.path("/instructions?dry_run=true"), agree))
    record = body_of(stage.other.get(f"/hubs/{stage.guid(9)}"))["places"][0]
    stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "activate_at": moved.isoformat(), **hub}
    )
    (agreed,) = shown["agreed_times"]
    late = body_of(
        stage.other.post(stage.path("/instructions"), {**agree, "activate_at": agreed["activate_at"]})
    )
    right = body_of(
        stage.other.post(stage.path("/instructions"), {**agree, "activate_at": moved.isoformat()})
    )

    assert agreed["hubs"] == 1
    assert datetime.fromisoformat(agreed["activate_at"]) == seen
    assert record["second_requested_at"] == agreed["activate_at"]
    assert record["is_when_distributed"]
    assert late["rejected_by_reason"] == {"AGREED_TIME_CHANGED": 1}
    assert (right["accepted"], right["consents"]["COMPLETE"]) == (1, 1)
    assert "Brightwater" not in str([shown, record, late, right])


@pytest.mark.requirement("R6.2")
@pytest.mark.parametrize(
    "chosen",
    [
        {"which": "waiting"},
        {"rule": {"tree": {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}}},
    ],
)
def test_hubs_are_chosen_by_what_is_said_of_them(stage, chosen):
    answer = stage.supplier.post(stage.path("/instructions"), {"kind": "INSTRUCT", **chosen})

    assert body_of(answer)["accepted"] == 16


@pytest.mark.requirement("R6.2")
def test_a_saved_rule_chooses_hubs(stage):
    saved = body_of(
        stage.supplier.post(
            "/selection-rules",
            {"name": "Central", "tree": {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}},
        )
    )

    answer = stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "selection_rule_id": saved["id"]}
    )

    assert body_of(answer)["accepted"] == 16
    assert Instruction.objects.get().rule_version_id == number_of(
        saved["version_id"], "selection_rule_version"
    )


def test_hubs_are_named_in_one_way_only(stage):
    answer = stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "which": "all", "guids": [stage.guid(0)]}
    )

    assert answer.status_code == 422
    assert body_of(answer)["code"] == "invalid_input"


def test_a_key_makes_twice_once(stage):
    body = {"kind": "INSTRUCT", "which": "waiting"}

    first = stage.supplier.post(stage.path("/instructions"), body, Idempotency_Key="k-1")
    again = stage.supplier.post(stage.path("/instructions"), body, Idempotency_Key="k-1")

    assert again.status_code == 201
    assert body_of(again) == body_of(first)
    assert again["Idempotent-Replayed"] == "true"
    assert Instruction.objects.count() == 1


def test_a_key_is_not_for_something_else(stage):
    stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]}, Idempotency_Key="k-1"
    )

    answer = stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(1)]}, Idempotency_Key="k-1"
    )

    assert (answer.status_code, body_of(answer)["code"]) == (422, "idempotency_key_reused")


@pytest.mark.requirement("R6.2")
def test_instructions_are_listed_and_read(stage):
    references = [
        body_of(
            stage.supplier.post(stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(n)]})
        )["reference"]
        for n in range(3)
    ]

    first = body_of(stage.supplier.get("/instructions", {"limit": 2, "rollout_id": stage.rollout.pk}))
    second = body_of(stage.supplier.client.get(first["next"]))
    item = stage.supplier.get(f"/instructions/{references[0]}")

    assert [each["reference"] for each in first["items"] + second["items"]] == references[::-1]
    assert body_of(item)["status"] == "APPLIED"


@pytest.mark.requirement("R4.2", "R6.2")
def test_rejections_come_by_the_page_and_as_files(stage):
    guids = [f"FF-FF-FF-FF-FF-FF-FF-{n:02X}" for n in range(5)]
    answer = stage.supplier.post(stage.path("/instructions"), {"kind": "INSTRUCT", "guids": guids})
    path = f"/instructions/{body_of(answer)['reference']}/rejections"

    first = body_of(stage.supplier.get(path, {"limit": 3}))
    second = body_of(stage.supplier.client.get(first["next"]))

    assert [each["guid"] for each in first["items"] + second["items"]] == guids
    assert second["next"] is None
    assert len(lines_of(stage.supplier.get(path, Accept="text/csv"))) == 6
    assert len(lines_of(stage.supplier.get(path, Accept="application/x-ndjson"))) == 5


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b"{", 400, "malformed_body"),
        ("application/json", b"[]", 422, "invalid_input"),
        ("application/json", b'{"kind": "INSTRUCT", "guids": "x"}', 422, "invalid_input"),
        ("application/json", b'{"kind": "INSTRUCT", "guids": []}', 422, "no_hubs"),
        ("application/json", b'{"kind": "INSTRUCT", "guids": ["x"], "colour": 1}', 422, "invalid_input"),
        (
            "application/json",
            b'{"kind": "DECLINE", "guids": ["x"], "activate_at": "2027-01-01T00:00:00Z"}',
            422,
            "time_not_wanted",
        ),
        (
            "application/json",
            b'{"kind": "INSTRUCT", "guids": ["x"], "activate_at": "2027-01-01T00:00:00"}',
            422,
            "invalid_input",
        ),
        ("application/x-ndjson", b"{", 422, "invalid_input"),
        ("text/csv", b" \n", 422, "unreadable_file"),
        ("application/xml", b"<x/>", 415, "unsupported_media_type"),
    ],
)
def test_what_cannot_be_read_is_said(stage, kind, body, status, code):
    answer = stage.supplier.post(stage.path("/instructions"), body, kind=kind)

    document = body_of(answer)
    assert (answer.status_code, document["code"]) == (status, code), document
    assert answer["Content-Type"] == "application/problem+json"
    assert document["type"] == f"/problems/{code.replace('_', '-')}"
    assert document["request_id"] == answer["X-Request-ID"]


def test_what_is_packed_badly_is_said(stage):
    answer = stage.supplier.post(
        stage.path("/instructions"), b"not gzip", kind="text/csv", Content_Encoding="gzip"
    )

    assert (answer.status_code, body_of(answer)["code"]) == (400, "malformed_body")


@pytest.mark.requirement("R3.1")
def test_a_refusal_of_the_whole_keeps_its_reason(stage, now):
    late = (now + timedelta(days=500)).isoformat()

    answer = stage.supplier.post(
        stage.path("/instructions"), {"kind": "INSTRUCT", "which": "all", "activate_at": late}
    )

    assert (answer.status_code, body_of(answer)["code"]) == (409, "TIME_NOT_EARLIER")
