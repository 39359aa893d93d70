"""Rollouts over REST: the list, one of them, its hubs, what happens if nobody does more."""

from __future__ import annotations

import pytest

from tests.api.systems import body_of, lines_of


@pytest.mark.requirement("R6.2")
def test_a_supplier_lists_its_updates(stage):
    answer = stage.supplier.get("/rollouts")

    (item,) = body_of(answer)["items"]
    assert answer.status_code == 200
    assert (item["id"], item["status"], item["hubs"], item["states"]) == (
        stage.rollout.pk,
        "SAFE_LAUNCH",
        16,
        {"ELIGIBLE": 16},
    )
    assert {each["what"] for each in item["possible"]} == {"INSTRUCT", "CHANGE"}


def test_fields_leaves_out_what_nobody_asked_for(stage):
    answer = stage.supplier.get("/rollouts", {"fields": "id,status"})

    assert body_of(answer)["items"] == [{"id": stage.rollout.pk, "status": "SAFE_LAUNCH"}]


@pytest.mark.requirement("R6.2")
def test_an_update_is_read_whole(stage):
    answer = stage.supplier.get(stage.path())

    document = body_of(answer)
    assert document["hubs"] == 16
    assert document["release_notes"][0]["revision"] == 1
    assert document["priority"] == "P2"


@pytest.mark.requirement("R4.9", "R6.2")
def test_the_forecast_says_what_happens_if_nobody_does_more(stage):
    document = body_of(stage.supplier.get(stage.path("/forecast")))

    assert [day["hubs"] for day in document["days"]] == [16]
    assert document["days"][0]["default"] == 16


@pytest.mark.requirement("R3.3", "R6.2")
def test_consent_counts_shared_hubs_and_names_nobody(stage):
    answer = stage.supplier.get(stage.path("/consent"))

    document = body_of(answer)
    assert (document["shared"], document["shared_answered"], document["waiting_for_you"]) == (5, 0, 16)
    assert b"Fernhill" not in answer.content
    assert b"Kestrel" not in answer.content


@pytest.mark.requirement("R1.3", "R6.2")
def test_eligible_hubs_are_walked_page_by_page(stage):
    first = body_of(stage.supplier.get(stage.path("/eligible-hubs"), {"limit": 10}))
    second = body_of(stage.supplier.client.get(first["next"]))

    guids = [hub["guid"] for hub in first["items"] + second["items"]]
    assert guids == sorted(guids)
    assert (len(guids), second["next"]) == (16, None)
    assert {hub["role"] for hub in first["items"]} == {"BOTH", "IMPORT"}


@pytest.mark.requirement("R1.3", "R6.2")
@pytest.mark.parametrize(("kind", "lines"), [("text/csv", 17), ("application/x-ndjson", 16)])
def test_eligible_hubs_come_as_a_file(stage, kind, lines):
    answer = stage.supplier.get(stage.path("/eligible-hubs"), Accept=kind)

    assert answer["Content-Type"].startswith(kind)
    assert len(lines_of(answer)) == lines


@pytest.mark.requirement("R6.2")
def test_eligible_hubs_come_as_a_workbook(stage):
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    answer = stage.supplier.get(stage.path("/eligible-hubs"), Accept=kind)

    assert b"".join(answer.streaming_content)[:2] == b"PK"


@pytest.mark.requirement("R6.2")
@pytest.mark.parametrize("kind", ["text/csv", "application/x-ndjson"])
def test_the_hubs_of_an_update_come_as_a_file(stage, kind):
    answer = stage.supplier.get(stage.path("/hubs"), {"region": "CENTRAL"}, Accept=kind)

    assert len(lines_of(answer)) == (17 if kind == "text/csv" else 16)


@pytest.mark.requirement("R6.2")
def test_the_hubs_of_an_update_are_filtered(stage):
    none = body_of(stage.supplier.get(stage.path("/hubs"), {"state": "ACTIVATED"}))
    every = body_of(stage.supplier.get(stage.path("/hubs"), {"state": "ELIGIBLE", "limit": 3}))

    assert none == {"items": [], "next": None}
    assert [hub["answer"] for hub in every["items"]] == ["NONE"] * 3
    assert every["next"] is not None


def test_the_dcc_sees_every_hub_without_a_role(stage):
    document = body_of(stage.dcc.get(stage.path("/hubs")))

    assert len(document["items"]) == 20
    assert {(hub["role"], hub["answer"]) for hub in document["items"]} == {("", None)}


@pytest.mark.requirement("R6.2")
def test_dashboard_and_deadlines_say_what_is_owed(stage):
    dashboard, deadlines = stage.supplier.get("/dashboard"), stage.supplier.get("/deadlines")

    assert body_of(dashboard)["waiting_for_you"] == 16
    assert body_of(deadlines)["outstanding"] == body_of(dashboard)["outstanding"]
    assert body_of(deadlines)["outstanding"][0]["duty"] == "instruct"


def test_what_is_polled_costs_nothing_while_it_stands(stage):
    first = stage.supplier.get(stage.path())

    again = stage.supplier.get(stage.path(), If_None_Match=first["ETag"])

    assert again.status_code == 304
    assert again.content == b""
    assert again["ETag"] == first["ETag"]
    assert "RateLimit-Remaining" in again.headers


def test_a_large_answer_is_packed_for_who_takes_it(stage):
    plain = stage.supplier.get(stage.path("/eligible-hubs"))
    packed = stage.supplier.get(stage.path("/eligible-hubs"), Accept_Encoding="gzip")

    import gzip

    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content


def test_a_file_is_packed_on_its_way(stage):
    import gzip

    packed = stage.supplier.get(stage.path("/eligible-hubs"), Accept="text/csv", Accept_Encoding="gzip")

    assert len(gzip.decompress(b"".join(packed.streaming_content)).splitlines()) == 17


LISTS = [
    ("dcc", "/audit", "name,at"),
    ("dcc", "/imports", "id"),
    ("dcc", "/unmatched-alerts", "guid,why"),
    ("supplier", "/incidents", "reference,status"),
    ("supplier", "/instructions", "reference"),
    ("supplier", "/notifications", "title"),
    ("supplier", "/estate", "guid"),
    ("supplier", "/rollouts", "id,name"),
]


@pytest.mark.parametrize(("who", "path", "fields"), LISTS)
def test_every_long_list_gives_only_what_is_wanted(stage, who, path, fields):
    incident = {"category": 2, "title": "IHDs restart", "guids": [stage.guid(0)]}
    stage.supplier.post(stage.path("/incidents"), incident)
    stage.supplier.post(stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]})
    system = getattr(stage, who)

    document = body_of(system.get(path, {"fields": fields}))["items"]
    refused = system.get(path, {"fields": f"{fields},colour"})

    assert {frozenset(item) for item in document} <= {frozenset(fields.split(","))}
    assert (refused.status_code, body_of(refused)["code"]) == (422, "invalid_input")
