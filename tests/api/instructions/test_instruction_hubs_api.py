"""What was accepted of an instruction and where it stands; what was not, as the database writes it."""

from __future__ import annotations

import csv
import io

import orjson
import pytest

from rollouts.models import Instruction, InstructionLine
from tests.api.systems import body_of, lines_of


def instructed(stage, numbers, system=None, **more):
    body = {"kind": "INSTRUCT", "guids": [stage.guid(number) for number in numbers], **more}
    return body_of((system or stage.supplier).post(stage.path("/instructions"), body))["reference"]


@pytest.mark.requirement("R6.2")
def test_what_was_accepted_is_listed_with_where_it_stands(stage):
    reference = instructed(stage, [0, 1, 9, 17])  # the ninth has a second Supplier, the last is another's
    path = f"/instructions/{reference}/hubs"

    hubs = body_of(stage.supplier.get(path))["items"]

    assert [(hub["guid"], hub["state"], hub["answer"], hub["consent"]) for hub in hubs] == [
        (stage.guid(0), "SCHEDULED", "INSTRUCTED", "COMPLETE"),
        (stage.guid(1), "SCHEDULED", "INSTRUCTED", "COMPLETE"),
        (stage.guid(9), "ELIGIBLE", "INSTRUCTED", "AWAITING_SECOND"),
    ]


@pytest.mark.requirement("R6.2")
def test_in_every_form_it_is_the_same(stage):
    path = f"/instructions/{instructed(stage, range(5))}/hubs"

    first = body_of(stage.supplier.get(path, {"limit": 3}))
    second = body_of(stage.supplier.client.get(first["next"]))
    pages = first["items"] + second["items"]
    lines = [orjson.loads(line) for line in lines_of(stage.supplier.get(path, Accept="application/x-ndjson"))]
    rows = list(csv.DictReader(lines_of(stage.supplier.get(path, Accept="text/csv"))))

    assert second["next"] is None
    assert [each["guid"] for each in pages] == [stage.guid(number) for number in range(5)]
    assert (
        [line["guid"] for line in lines] == [row["guid"] for row in rows] == [each["guid"] for each in pages]
    )
    assert list(rows[0]) == list(pages[0])


@pytest.mark.requirement("R6.2")
def test_a_hub_that_is_answered_for_again_stands_with_the_later_instruction(stage):
    earlier = instructed(stage, [0, 1])
    later = instructed(stage, [1], name="again")

    of_earlier = body_of(stage.supplier.get(f"/instructions/{earlier}/hubs"))["items"]
    of_later = body_of(stage.supplier.get(f"/instructions/{later}/hubs"))["items"]

    assert [hub["guid"] for hub in of_earlier] == [stage.guid(0)]
    assert [hub["guid"] for hub in of_later] == [stage.guid(1)]


def test_a_hub_that_was_lost_is_not_listed_any_more(stage):
    from rollouts.models import Hub

    reference = instructed(stage, [0, 1])
    Hub.objects.filter(guid=stage.world.guid(0)).update(
        import_supplier_id=stage.world.other.pk, gas_supplier_id=stage.world.other.pk
    )

    hubs = body_of(stage.supplier.get(f"/instructions/{reference}/hubs"))["items"]

    assert [hub["guid"] for hub in hubs] == [stage.guid(1)]


@pytest.mark.parametrize("who", ["other", "third", "dcc"])
def test_for_everybody_else_there_is_no_such_instruction(stage, who):
    reference = instructed(stage, [9])
    system = getattr(stage, who)

    answer = system.get(f"/instructions/{reference}/hubs")

    assert answer.status_code in {403, 404}
    assert stage.guid(9).encode() not in answer.content


@pytest.mark.requirement("R4.2", "R6.2")
def test_files_of_what_was_not_accepted_say_what_the_pages_say(stage):
    odd = ["FF-FF-FF-FF-FF-FF-FF-01", "=cmd()", 'say "no", then', "+44", "\uff1dx", "back\\slash"]
    body = {"kind": "INSTRUCT", "guids": [*odd, stage.guid(0)]}
    reference = body_of(stage.supplier.post(stage.path("/instructions"), body))["reference"]
    InstructionLine.objects.create(
        instruction=Instruction.objects.get(reference=reference),
        line_no=99,
        raw="two\nlines",
        reason="MALFORMED_ID",
        sheet="=Sheet",
    )
    path = f"/instructions/{reference}/rejections"

    pages = body_of(stage.supplier.get(path))["items"]
    lines = [orjson.loads(line) for line in lines_of(stage.supplier.get(path, Accept="application/x-ndjson"))]
    text = b"".join(stage.supplier.get(path, Accept="text/csv").streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert lines == pages
    assert text.count("\r\n") == text.count("\n") == len(pages) + 1
    assert [row["guid"] for row in rows] == [
        odd[0],
        "'=cmd()",
        'say "no"  then',
        "'+44",
        "'\uff1dx",
        odd[5],
        "two lines",
    ]
    assert [(row["reason"], row["what_it_means"]) for row in rows] == [
        (p["reason"], p["words"]) for p in pages
    ]
    assert [row["line"] for row in rows] == ["1", "2", "3", "4", "5", "6", "99"]
    assert rows[-1]["sheet"] == "'=Sheet"
