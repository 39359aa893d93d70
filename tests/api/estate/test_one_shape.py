"""A hub has the same members under the same names in JSON, NDJSON and CSV; and lists are asked for in part."""

from __future__ import annotations

import csv
import io
import re

import orjson
import pytest

from rollouts.models import Instruction
from tests.api.systems import body_of

pytestmark = [pytest.mark.requirement("R6.2"), pytest.mark.django_db]


def text_of(answer):
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize(
    ("path", "query"),
    [("/estate", ""), ("/rollouts/{}/eligible-hubs", ""), ("/rollouts/{}/hubs", "")],
)
@pytest.mark.parametrize("who", ["supplier", "other", "dcc"])
def test_a_hub_has_one_shape(stage, path, query, who):
    system, where = getattr(stage, who), path.format(stage.rollout.pk)
    if who == "dcc" and "eligible" in path:
        where += f"?supplier_id={stage.world.supplier.pk}"
    stage.supplier.post(stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]})

    items = body_of(system.get(where))["items"]
    lines = [
        orjson.loads(line)
        for line in text_of(system.get(where, Accept="application/x-ndjson")).split("\n")[:-1]
    ]
    text = text_of(system.get(where, Accept="text/csv"))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert items
    assert (
        [line["guid"] for line in lines] == [row["guid"] for row in rows] == [item["guid"] for item in items]
    )
    assert set(items[0]) == set(lines[0]) == set(rows[0])
    for item, line, row in zip(items, lines, rows, strict=True):
        assert {name: to_the_second(value) for name, value in item.items()} == {
            name: to_the_second(value) for name, value in line.items()
        }
        for name, value in item.items():
            assert to_the_second(row[name]) == as_json(value), name
    assert text.count("\r\n") == text.count("\n") == len(rows) + 1


def to_the_second(value):
    """Files give times in whole seconds."""
    return re.sub(r"[.][0-9]+Z$", "Z", value).replace("+00:00", "Z") if isinstance(value, str) else value


def as_json(value):
    """How a value stands in a cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(to_the_second(value))


class TestInPart:
    def test_rollouts_by_status(self, stage):
        status = body_of(stage.supplier.get("/rollouts"))["items"][0]["status"]

        assert len(body_of(stage.supplier.get(f"/rollouts?status={status}"))["items"]) == 1
        assert body_of(stage.supplier.get("/rollouts?status=DRAFT&status=COMPLETE"))["items"] == []

    def test_eligible_hubs_by_region_and_answer(self, stage):
        stage.supplier.post(stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]})
        path = stage.path("/eligible-hubs")
        everything = body_of(stage.supplier.get(path))["items"]
        region = everything[0]["region"]

        def wanted(query, **headers):
            return stage.supplier.get(f"{path}?{query}", **headers)

        assert body_of(wanted(f"region={region}"))["items"] == [
            each for each in everything if each["region"] == region
        ]
        assert [each["guid"] for each in body_of(wanted("answer=INSTRUCTED"))["items"]] == [stage.guid(0)]
        assert text_of(wanted("answer=INSTRUCTED", Accept="text/csv")).count("\n") == 2
        assert text_of(wanted("answer=DECLINED", Accept="application/x-ndjson")) == ""

    def test_instructions_by_name_key_and_time(self, stage):
        first, second = (
            body_of(
                stage.supplier.post(
                    stage.path("/instructions"),
                    {"kind": "INSTRUCT", "guids": [stage.guid(number)], "name": f"night {number}"},
                    Idempotency_Key=f"key-{number}",
                )
            )["reference"]
            for number in (0, 1)
        )
        later = Instruction.objects.get(reference=second).received_at.isoformat().replace("+00:00", "Z")

        def wanted(system=stage.supplier, **query):
            return [each["reference"] for each in body_of(system.get("/instructions", query))["items"]]

        assert wanted(name="night 0") == [first]
        assert wanted(idempotency_key="key-1") == [second]
        assert wanted(since=later) == [second]
        assert wanted(until=later) == [first]
        assert wanted(stage.other, idempotency_key="key-1") == []
