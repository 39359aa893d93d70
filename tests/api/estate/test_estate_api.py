"""The estate over REST: pages, files, numbers, one hub, readings, labels."""

from __future__ import annotations

import orjson
import pytest

from tests.api.systems import body_of, lines_of


@pytest.mark.requirement("R4.3", "R6.2")
def test_the_estate_is_walked_page_by_page(stage):
    first = body_of(stage.supplier.get("/estate", {"limit": 9}))
    second = body_of(stage.supplier.client.get(first["next"]))

    assert len(first["items"] + second["items"]) == 16
    assert second["next"] is None
    assert first["items"][0]["rollout_id"] == stage.rollout.pk
    assert "import_supplier" not in first["items"][0]


@pytest.mark.requirement("R4.3", "R6.2")
def test_the_estate_comes_as_a_file_that_says_the_same(stage):
    pages = body_of(stage.supplier.get("/estate"))["items"]
    csv = lines_of(stage.supplier.get("/estate", Accept="text/csv"))
    lines = lines_of(stage.supplier.get("/estate", Accept="application/x-ndjson"))
    ndjson = sorted((orjson.loads(line) for line in lines), key=lambda hub: hub["guid"])

    assert len(csv) == 17
    for line, hub in zip(ndjson, pages, strict=True):
        assert {name: hub[name] for name in ("guid", "role", "has_second_supplier", "state", "region")} == {
            name: line[name] for name in ("guid", "role", "has_second_supplier", "state", "region")
        }


@pytest.mark.requirement("R6.2")
def test_the_estate_is_filtered_and_thinned(stage):
    answer = stage.supplier.get(
        "/estate", {"role": "GAS", "region": "CENTRAL,SOUTH", "fields": "guid,role", "search": "00DB"}
    )

    assert [set(hub) for hub in body_of(answer)["items"]] == [{"guid", "role"}] * 2


@pytest.mark.parametrize(
    "query",
    [
        {"region": "MOON"},
        {"fields": "colour"},
        {"colour": "red"},
        {"limit": "0"},
        {"after": "x"},
        {"search": "zz"},
    ],
)
def test_a_question_that_cannot_be_is_refused(stage, query):
    assert stage.supplier.get("/estate", query).status_code == 422


@pytest.mark.requirement("R6.2")
def test_the_estate_is_counted(stage):
    document = body_of(stage.supplier.get("/estate/summary"))

    assert (document["hubs"], document["with_second_supplier"]) == (16, 5)
    assert document["by_role"] == {"BOTH": 9, "IMPORT": 5, "GAS": 2}


def test_the_dcc_reads_suppliers_by_name(stage):
    hub = body_of(stage.dcc.get(f"/hubs/{stage.guid(9)}"))

    assert (hub["import_supplier"], hub["gas_supplier"]) == ("Brightwater Energy", "Fernhill Gas")


@pytest.mark.requirement("R6.2")
def test_a_hub_is_read_in_any_spelling(stage):
    spelt = stage.guid(9).replace("-", "").lower()

    hub = body_of(stage.supplier.get(f"/hubs/{spelt}"))

    assert (hub["guid"], hub["role"], hub["has_second_supplier"]) == (stage.guid(9), "IMPORT", True)
    assert hub["places"][0]["next_step"] == "YOUR_ANSWER"
    assert "import_supplier" not in hub


@pytest.mark.requirement("R6.2")
def test_a_hub_has_a_history(stage):
    document = body_of(stage.supplier.get(f"/hubs/{stage.guid(0)}/history"))

    assert (document["guid"], document["alerts"]) == (stage.guid(0), [])


@pytest.mark.requirement("R4.8", "R6.2")
def test_versions_are_read_on_request(stage):
    guids = [stage.guid(0), stage.guid(1), stage.guid(17)]

    answer = stage.supplier.post("/readings", {"guids": guids})
    again = stage.supplier.post("/readings", {"guids": guids})
    of_any = stage.dcc.post("/readings/of-any-hub", {"guids": guids})

    assert (answer.status_code, body_of(answer)) == (
        202,
        {"asked": 3, "requested": 2, "under_way": 0, "not_yours": 1},
    )
    assert body_of(again)["under_way"] == 2
    assert body_of(of_any)["requested"] == 3


@pytest.mark.requirement("R6.2")
def test_labels_are_put_on_and_taken_off(stage):
    answer = stage.supplier.post("/labels/tower block/hubs", {"guids": [stage.guid(0), stage.guid(17)]})

    assert body_of(answer)["changed"] == 1
    assert [each["line"] for each in body_of(answer)["rejected"]] == [2]
    assert body_of(stage.supplier.get("/labels"))["items"] == [{"label": "tower block", "hubs": 1}]
    assert stage.supplier.delete("/labels/tower block/hubs").status_code == 204
    assert body_of(stage.supplier.get("/labels"))["items"] == []


def test_columns_of_files_are_proposed_mapped_and_remembered(stage):
    headings = {"kind": "LOAD", "headings": ["CHF", "Device Model", "Firmware Version", "Region", "Notes"]}
    proposal = body_of(stage.dcc.post("/imports/columns/proposals", headings))
    mapping = {"kind": "LOAD", "columns": {"guid": "CHF", "smi_status": "State"}}

    mapped = body_of(stage.dcc.put("/imports/columns", mapping))

    assert (proposal["missing"], proposal["not_read"]) == (["smi_status"], ["Notes"])
    assert mapped["mapping"] == mapping["columns"]
    assert body_of(stage.dcc.get("/imports/columns"))["items"][0] == mapped
    refused = stage.dcc.put("/imports/columns", {"kind": "LOAD", "columns": {"colour": "Red"}})
    assert refused.status_code == 422
    assert stage.supplier.get("/imports/columns").status_code == 403
    assert stage.supplier.put("/imports/columns", mapping).status_code == 403
