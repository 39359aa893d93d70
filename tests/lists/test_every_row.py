"""Whatever is sent: each row that holds anything is taken, comes back, or is named as not read."""

from __future__ import annotations

import io
from itertools import pairwise

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.kernel.guid.value import EDGES
from portal.kernel.spreadsheets import ROW_KINDS, SHEET_STEP, FileRefused, GuidColumn, read_guid_column
from tests.lists.corpus import GPFS, HUBS

FAST = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
hubs = st.sampled_from(HUBS)
cells = st.one_of(
    hubs,
    hubs,
    hubs.map(str.lower),
    hubs.map(lambda guid: f"\u200e{guid}\u00a0"),
    st.sampled_from(GPFS),
    st.sampled_from(
        [
            "",
            "",
            " ",
            "x",
            "GUID",
            "gpf_guid",
            "1.23457E+15",
            "#N/A",
            "=A2",
            "-",
            ";",
            "00-DB",
            "\u0410",
            "\u200b",
        ]
    ),
    st.text(alphabet="0aF-\u2013 \u00e9\u20ac", max_size=20),
)
quoted = st.sampled_from(['"', '""', '"x', 'x"', '5" pipe', '"a, b"', f'"{HUBS[0]}"', f'"{HUBS[1]}'])
lines = st.one_of(
    st.builds(lambda row, mark: mark.join(row), st.lists(cells, max_size=4), st.sampled_from(",;\t|")),
    cells,
    st.lists(st.one_of(cells, quoted), max_size=4).map(",".join),
)


def accounted(column: GuidColumn) -> tuple[set[int], int]:
    """Return the lines that were taken or came back, and how many rows are named as not read."""
    known = {*column.parsed.lines.tolist(), *(problem.line for problem in column.parsed.problems)}
    return known, sum(part.rows for part in column.not_read if part.kind in ROW_KINDS)


@pytest.mark.requirement("R4.2")
@given(
    st.lists(lines, min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
)
@FAST
def test_of_a_text(rows: list[str], end: str, encoding: str) -> None:
    rows = [row.encode(encoding, "replace").decode(encoding) for row in rows]  # as far as it can be written
    text = "".join(row + end for row in rows)
    try:
        column = read_guid_column(text.encode(encoding))
    except FileRefused:
        return  # the whole file comes back, in words

    taken, not_read = accounted(column)

    holding = {number for number, row in enumerate(rows, 1) if _holds(row)}
    assert taken <= holding | _within_quotes(rows)
    missing = holding - taken
    assert len(missing - _within_quotes(rows)) <= not_read <= len(missing)


def _holds(row: str) -> bool:
    return bool(row.strip(EDGES + "\t|")) or row.count('"') % 2 == 1


def _within_quotes(rows: list[str]) -> set[int]:
    """Find lines that go on with a quoted field of the line before: they may be part of its row."""
    return {
        number
        for number in range(1, len(rows) + 1)
        if any('"' in row for row in rows[:number]) and '"' in "".join(rows[number - 1 :])
    }


@st.composite
def sheets(draw: st.DrawFn) -> list[tuple[list[list[str]], set[int], set[int], bool]]:
    """Draw sheets: rows, hidden rows and columns counted from 1, and whether the sheet is hidden."""
    drawn = []
    for _ in range(draw(st.integers(1, 3))):
        rows = draw(st.lists(st.lists(cells, min_size=1, max_size=3), min_size=1, max_size=8))
        hidden = draw(st.sets(st.integers(1, len(rows)), max_size=2))
        columns = draw(st.sets(st.integers(1, 3), max_size=1))
        drawn.append((rows, hidden, columns, draw(st.integers(0, 4)) == 0))
    return drawn


@pytest.mark.requirement("R4.2")
@given(sheets())
@settings(FAST, max_examples=50)  # each in a process of its own
def test_of_a_workbook(drawn: list[tuple[list[list[str]], set[int], set[int], bool]]) -> None:
    holding = sum(any(cell.strip(EDGES) for cell in row) for rows, *_ in drawn for row in rows)
    try:
        column = read_guid_column(_workbook(drawn))
    except FileRefused:
        return

    taken, not_read = accounted(column)

    assert len(taken) + not_read == holding
    for number in taken:
        rows, hidden, _, is_hidden = drawn[_sheet_number(column.sheets[number // SHEET_STEP])]
        row = number % SHEET_STEP
        assert not is_hidden
        assert row not in hidden
        assert any(cell.strip(EDGES) for cell in rows[row - 1])


def _sheet_number(name: str) -> int:
    return int(name.removeprefix("S"))


def _workbook(drawn: list[tuple[list[list[str]], set[int], set[int], bool]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Front"
    for place, (rows, hidden, columns, is_hidden) in enumerate(drawn):
        sheet = book.create_sheet(f"S{place}")
        for row in rows:
            sheet.append([cell or None for cell in row])
        for number in hidden:
            sheet.row_dimensions[number].hidden = True
        for number in columns:
            sheet.column_dimensions["ABC"[number - 1]].hidden = True
        sheet.sheet_state = "hidden" if is_hidden else "visible"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@given(st.lists(st.sampled_from([*HUBS, "", "x", " "]), min_size=1, max_size=80))
@FAST
def test_lines_come_back_in_order(rows: list[str]) -> None:
    column = read_guid_column("\n".join([HUBS[0], *rows, ""]).encode())

    assert all(each <= other for each, other in pairwise(column.parsed.lines.tolist()))
