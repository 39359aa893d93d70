"""Every file of the corpus over REST, and lists in each form a system may send."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.cache import cache

from tests.api.systems import body_of, lines_of
from tests.lists.corpus import HUBS, TEXTS, Case
from tests.lists.workbooks import WORKBOOKS

A, B, C = HUBS[:3]


def expected_of(case: Case) -> dict[str, object]:
    return {
        "accepted": len(case.taken),
        "lines": list(case.refused),
        "not_read": list(case.not_read),
    }


def found_in(answer: dict, case: Case) -> dict[str, object]:
    with_sheet = any(isinstance(each, tuple) for each in case.refused)
    return {
        "accepted": answer["accepted"],
        "lines": [
            (each["sheet"], each["line"]) if with_sheet else each["line"] for each in answer["rejections"]
        ],
        "not_read": [(part["kind"], part["rows"]) for part in answer["not_read"]],
    }


@pytest.mark.requirement("R4.1", "R4.2")
def test_every_file_is_answered_with_its_receipt(stage):
    for case in TEXTS + WORKBOOKS:
        cache.clear()  # so many calls are not for one minute
        dry = stage.supplier.post(stage.path("/instructions?dry_run=true"), case.data, kind="text/csv")
        taken = stage.supplier.post(stage.path("/instructions"), case.data, kind="text/csv")

        if case.problem:
            assert (dry.status_code, taken.status_code) == (422, 422), case.name
            assert case.says in body_of(taken)["detail"], case.name
            continue
        assert (dry.status_code, taken.status_code) == (200, 201), (case.name, body_of(taken))
        receipt = body_of(stage.supplier.get(f"/instructions/{body_of(taken)['reference']}"))
        assert found_in(body_of(dry), case) == expected_of(case), case.name
        assert found_in(receipt, case) == expected_of(case), case.name


def test_an_array_and_lines_of_json_have_no_line_that_is_lost(stage):
    heading = {"kind": "HEADING", "sheet": "", "name": "guid", "rows": 1, "where": "1"}
    heading["words"] = "Line 1 was taken for the heading: “guid”."

    in_json = stage.supplier.post(
        stage.path("/instructions"),
        {"kind": "INSTRUCT", "guids": ["guid", f"\u200e{A}", "", "?", B.replace("B", "\u0412")]},
    )
    in_lines = stage.supplier.post(
        stage.path("/instructions"),
        f'"{A}"\n\n{{"guid": "{B}\u2060"}}\n"?"\n'.encode(),
        kind="application/x-ndjson",
    )

    assert body_of(in_json)["not_read"] == [heading]
    assert [each["line"] for each in body_of(in_json)["rejections"]] == [4, 5]
    assert "CYRILLIC CAPITAL LETTER VE" in body_of(in_json)["rejections"][1]["detail"]
    assert body_of(in_lines)["accepted"] == 2
    assert [each["line"] for each in body_of(in_lines)["rejections"]] == [4]


@pytest.mark.requirement("R4.2")
def test_a_line_that_is_not_json_costs_no_other_line_its_hub(stage):
    body = f'"{A}"\n{{"guid": \n{{"guid": "{B}", "activate_at": "2030-01-01"}}\n17\n"{C}"\n'.encode()
    path = stage.path("/instructions")

    dry = body_of(stage.supplier.post(f"{path}?dry_run=true", body, kind="application/x-ndjson"))
    receipt = body_of(stage.supplier.post(path, body, kind="application/x-ndjson"))
    label = body_of(stage.supplier.post("/labels/odd/hubs", body, kind="application/x-ndjson"))
    refused = stage.supplier.post(path, b'[]\n{"a": 1}\n', kind="application/x-ndjson")

    words = [
        (2, "The line is not JSON."),
        (3, "There is no such member: activate_at."),
        (4, 'Give a GUID as a text, or as {"guid": "…"}.'),
    ]
    assert [(each["line"], each["detail"]) for each in receipt["rejections"]] == words
    assert [(each["line"], each["detail"]) for each in label["rejected"]] == words
    assert receipt["rejections"][0]["raw"] == '{"guid":'
    assert (receipt["accepted"], receipt["rejected"], dry["rejected"], label["changed"]) == (2, 3, 3, 2)
    assert (refused.status_code, body_of(refused)["errors"][0]["pointer"]) == (422, "/1")


@pytest.mark.requirement("R4.2")
def test_the_file_of_rejections_comes_back_corrected_and_is_taken(stage):
    sent = f"guid,note\n{A},x\n{B[:-1]},y\n,z\n{C}?,w\n".encode()
    first = body_of(stage.supplier.post(stage.path("/instructions"), sent, kind="text/csv"))
    path = f"/instructions/{first['reference']}/rejections"
    rows = list(csv.reader(io.StringIO("\n".join(lines_of(stage.supplier.get(path, Accept="text/csv"))))))

    assert [row[0] for row in rows] == ["guid", B[:-1], "", f"{C}?"]
    for row, guid in zip(rows[1:], (B, A, C), strict=True):
        row[0] = guid
    again = io.StringIO()
    csv.writer(again).writerows(rows)
    second = body_of(
        stage.supplier.post(stage.path("/instructions"), again.getvalue().encode(), kind="text/csv")
    )

    assert (second["accepted"], second["rejected"]) == (3, 0)
