"""Every file of the corpus through Check and receipt, and the file of failures back again."""

from __future__ import annotations

import csv
import io
import re
from html import escape

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from rollouts.models import Instruction
from rollouts.queries.instructions.receipts import receipt, refused_lines
from tests.factories import make_rollout
from tests.lists.corpus import HUBS, TEXTS
from tests.lists.workbooks import WORKBOOKS, written
from tests.web.instructing import token_in

pytestmark = pytest.mark.django_db

A, B, C, D = HUBS[:4]


def check(client, rollout, data: bytes, name: str):
    file = SimpleUploadedFile(name, data)
    fields = {"kind": "INSTRUCT", "timing": "any", "source": "file", "file": file}
    return client.post(f"/rollouts/{rollout.pk}/instruct/", fields)


def submitted(client, rollout, checked):
    token = re.search(r'name="token" value="([^"]+)"', checked.content.decode())[1]
    return client.post(
        f"/rollouts/{rollout.pk}/instruct/submit/", {"token": token, "is_sure": "on"}, follow=True
    )


@pytest.mark.requirement("R4.1", "R4.2")
def test_every_file_is_checked_and_has_its_receipt(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    for case in TEXTS + WORKBOOKS:
        checked = check(client, rollout, case.data, f"{case.name}.{case.ending}")
        if case.problem:
            assert checked.status_code == 422, case.name
            assert escape(case.says) in checked.content.decode() or case.problem.value == "EMPTY", case.name
            continue
        assert checked.status_code == 200, case.name
        page = submitted(client, rollout, checked).content.decode()

        taken = receipt(world.as_supplier, Instruction.objects.latest("pk").reference).receipt
        lines = refused_lines(world.as_supplier, taken.reference)
        assert (taken.accepted, taken.rejected) == (len(case.taken), len(case.refused)), case.name
        assert {line.line for line in lines} == {
            each[1] if isinstance(each, tuple) else each for each in case.refused
        }
        assert [(part.kind.value, part.rows) for part in taken.not_read] == list(case.not_read), case.name
        for part in taken.not_read:
            assert escape(part.words) in checked.content.decode(), case.name
            assert escape(part.words) in page, case.name


def test_what_is_pasted_from_a_spreadsheet_is_read_by_its_columns(world, seat, today):
    rollout = make_rollout(world, now=today)
    pasted = f"gpf_guid\tguid\r\n00-DB-12-CC-00-00-00-00\t{A}\r\n00-DB-12-CC-00-00-00-01\t\u202a{B}\u202c\r\n"

    checked = seat("supplier").post(
        f"/rollouts/{rollout.pk}/instruct/",
        {"kind": "INSTRUCT", "timing": "any", "source": "paste", "hubs": pasted},
    )

    assert re.search(r"Submit.*?2 hubs", checked.content.decode(), re.DOTALL)
    assert "Column A holds GUIDs too and was not read" in checked.content.decode()


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_file_of_failures_comes_back_corrected_and_is_taken(world, seat, today, form):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    sheet = [["note", "GUID"], ["x", A], ["y", B[:-1]], ["z", ""], ["w", f"{C}?"], ["v", "=1+1"]]
    data = written(("Hubs", sheet)) if form == "xlsx" else "\n".join(map(",".join, sheet)).encode()
    for _ in range(2):  # what was not corrected comes back as it was, and its reasons do not grow
        submitted(client, rollout, check(client, rollout, data, f"hubs.{form}"))
        reference = Instruction.objects.latest("pk").reference
        failures = client.get(f"/instructions/{reference}/not-accepted.{form}")
        rows = rows_of(b"".join(failures.streaming_content), form)
        assert [str(row[0] or "").lstrip("'") for row in rows][:4] == ["guid", B[:-1], "", f"{C}?"]
        assert [row[4] for row in rows[1:]].count("") == 0
        data = file_of([rows[0], [D, *rows[1][1:]], *rows[1:]], form)

    for row, guid in zip(rows[1:], (B, A, C, D), strict=True):
        row[0] = guid
    submitted(client, rollout, check(client, rollout, file_of(rows, form), f"again.{form}"))

    taken = receipt(world.as_supplier, Instruction.objects.latest("pk").reference).receipt
    assert (taken.accepted, taken.rejected) == (4, 0)


def rows_of(data: bytes, form: str) -> list[list]:
    if form == "csv":
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(data)).active.values]


def file_of(rows, form: str) -> bytes:
    if form == "xlsx":
        return written(("Hubs", [["" if cell is None else cell for cell in row] for row in rows]))
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue().encode()


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_would_not_be_accepted_is_downloaded_corrected_and_taken_before_anything_is_submitted(
    world, seat, today, form
):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    listed = "\n".join(["guid,note", f"{A},x", f"{B[:-1]},y", *(f"bad-{n},z" for n in range(60)), ",empty"])
    token = token_in(check(client, rollout, listed.encode(), "hubs.csv"))
    address = f"/rollouts/{rollout.pk}/instruct/not-accepted.{form}"

    answer = client.post(address, {"token": token})
    rows = rows_of(b"".join(answer.streaming_content), form)
    for row, guid in zip(rows[1:], HUBS[1:], strict=False):
        row[0] = guid
    corrected = check(client, rollout, file_of(rows[:3], form), f"corrected.{form}")

    assert answer["Content-Disposition"] == f'attachment; filename="not-accepted.{form}"'
    assert len(rows) == 1 + 62
    assert not Instruction.objects.exists()
    assert re.search(r"Submit.*?2 hubs", corrected.content.decode(), re.DOTALL)


def test_a_list_that_was_checked_is_no_other_suppliers_to_download(world, seat, today):
    rollout = make_rollout(world, now=today)
    token = token_in(check(seat("supplier"), rollout, b"nonsense\n" + A.encode(), "hubs.txt"))
    address = f"/rollouts/{rollout.pk}/instruct/not-accepted.csv"

    gone = seat("supplier").post(address, {"token": "gone"})

    assert gone.status_code == 409
    assert "Choose the hubs again" in gone.content.decode()
    assert seat("other").post(address, {"token": token}).status_code == 409
    for actor in ("operator", "csp", "panel"):
        assert seat(actor).post(address, {"token": token}).status_code == 403, actor
    assert seat("supplier").post(address.replace(".csv", ".pdf"), {"token": token}).status_code == 404
