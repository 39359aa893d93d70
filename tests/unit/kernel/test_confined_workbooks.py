"""Small workbooks that would become much: they end a process that holds nothing else, and are refused."""

from __future__ import annotations

import io
import signal
import subprocess
from typing import Any

import pytest
import xlsxwriter

from portal.kernel.spreadsheets import FileProblem, FileRefused, confined, read_guid_column
from portal.kernel.spreadsheets.confined import confined_tables
from tests.lists.workbooks import rewritten, written


def one_text_many_times() -> bytes:
    """Let 90,000 cells hold the same text: 2.9 GB, from 400 KB."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(90_000):
            sheet.write_string(row, 0, "x" * 32_000)
    return target.getvalue()


def sheets_of_a_million_rows() -> bytes:
    """Lay out 40 sheets of two cells each, a million rows apart: two minutes of work, from 20 KB."""
    near = written(*((f"S{number}", [[1, ""], ["", 2]]) for number in range(40)))
    return rewritten(
        near, lambda part: part.replace(b'<row r="2"', b'<row r="999000"').replace(b'r="B2"', b'r="B999000"')
    )


@pytest.mark.parametrize("make", [one_text_many_times, sheets_of_a_million_rows])
def test_a_small_workbook_that_becomes_much_is_refused(make):
    data = make()
    assert len(data) < 1_000_000

    with pytest.raises(FileRefused) as refused:
        read_guid_column(data)

    assert refused.value.problem is FileProblem.UNPACKS_TOO_LARGE


def test_what_reads_a_workbook_is_told_no_secret(monkeypatch):
    seen = {}

    def remember(words: Any, **options: Any) -> Any:
        seen.update(options)
        return subprocess.CompletedProcess(words, 0, b'{"sheets": []}', b"")

    monkeypatch.setattr(confined.subprocess, "run", remember)

    assert list(confined_tables(b"PK")) == []
    assert seen["env"] == {}


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (-signal.SIGXCPU, FileProblem.UNPACKS_TOO_LARGE),
        (-signal.SIGABRT, FileProblem.UNPACKS_TOO_LARGE),
        (1, FileProblem.DAMAGED),
    ],
)
def test_a_reader_that_dies_refuses_the_workbook_alone(monkeypatch, code, problem):
    monkeypatch.setattr(
        confined.subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, code, b"", b"why")
    )

    with pytest.raises(FileRefused) as refused:
        list(confined_tables(b"PK"))

    assert refused.value.problem is problem


def test_sheets_can_be_read_in_any_order_long_after_they_were_found():
    data = written(("First", [["a"]] * 2500), ("Second", [["b", 7]]), ("Third", []))

    first, second = list(confined_tables(data))

    assert (first.name, second.name) == ("First", "Second")
    walked = zip(first.rows, second.rows, strict=False)
    assert list(walked) == [((1, ["a"]), (1, ["b", "7"]))]
    assert [number for number, _ in first.rows] == list(range(3, 2501))
