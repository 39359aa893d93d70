"""The column of GUIDs in whatever file somebody has sent: text, CSV of any make, or a workbook.

Every row that holds anything is taken, comes back as a problem with its line, or is named as not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, Final

import numpy as np

from portal.kernel.guid import (
    GuidProblem,
    ListProblem,
    ParsedList,
    lines_of,
    parse_block,
    parse_texts,
    read,
    shown,
)
from portal.kernel.guid.value import EDGES
from portal.kernel.spreadsheets.confined import confined_tables
from portal.kernel.spreadsheets.files import LARGEST_FILE, FileProblem, FileRefused, is_workbook, read_all
from portal.kernel.spreadsheets.layouts import EVERY_CELL, SAMPLE, Layout, layout_of
from portal.kernel.spreadsheets.tables import (
    NotRead,
    NotReadKind,
    Row,
    RowNumbers,
    Table,
    column_letters,
    shortened,
    texts_of,
)
from portal.kernel.spreadsheets.texts import delimiter_of, text_of, text_table

#: Lines of the n-th sheet that was read are counted from n times this, so that one number says both.
SHEET_STEP: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class GuidColumn:
    """The GUIDs of a file, numbered by its lines, where they were found, and what was not read.

    `sheets` are those that were read: a line number is one of the first, plus SHEET_STEP for each before it.
    `spelt` is the column as it was written, one line a number; empty for a workbook.
    """

    parsed: ParsedList
    heading: str = ""
    sheets: tuple[str, ...] = ()
    not_read: tuple[NotRead, ...] = ()
    spelt: bytes = b""


def read_guid_column(source: bytes | BinaryIO, *, largest: int = LARGEST_FILE) -> GuidColumn:
    """Find the column of hub GUIDs in a file and read it: in a workbook, in every sheet that has one.

    A column is chosen by its heading, else as the first one that looks like GUIDs. Lines of the file that
    hold no GUID are problems of the list; a file without any such column is refused.

    Raises:
        FileRefused: the file cannot be read, has no such column, or has two and does not say which.
    """
    data = read_all(source, largest=largest)
    if is_workbook(data):
        return _from_workbook(data)
    text = text_of(data)
    delimiter = delimiter_of(text)
    if delimiter is None:
        return _from_lines(text)
    table = text_table(text, delimiter)
    column = _from_table(table)
    if column is None:
        raise FileRefused(FileProblem.NO_GUID_COLUMN)
    return column


def read_tables(source: bytes | BinaryIO, *, largest: int = LARGEST_FILE) -> Iterator[Table]:
    """Yield the tables of a file: the one of a text, or each sheet that holds anything, hidden ones too.

    Raises:
        FileRefused: the file cannot be read.
    """
    data = read_all(source, largest=largest)
    if is_workbook(data):
        yield from confined_tables(data)
    else:
        text = text_of(data)
        yield text_table(text, delimiter_of(text) or ",")


def read_rows(source: bytes | BinaryIO, *, largest: int = LARGEST_FILE) -> Iterator[Row]:
    """Yield the rows of a CSV file, or of the first visible sheet of a workbook, with their line numbers.

    Raises:
        FileRefused: the file cannot be read.
    """
    for table in read_tables(source, largest=largest):
        if not table.is_hidden:
            yield from table.rows
            return


def _from_lines(text: str) -> GuidColumn:
    spelt = lines_of(text)
    parsed = parse_block(spelt)
    if not parsed.heading:
        return GuidColumn(parsed, spelt=spelt)
    heading = shown(spelt.split(b"\n", parsed.heading)[parsed.heading - 1].decode())
    named = NotRead(NotReadKind.HEADING, name=heading, rows=1, where=str(parsed.heading))
    return GuidColumn(parsed, heading, not_read=(named,), spelt=spelt)


def _from_workbook(data: bytes) -> GuidColumn:
    columns: list[GuidColumn] = []
    not_read: list[NotRead] = []
    for table in confined_tables(data):
        if table.is_hidden:
            not_read.append(table.not_read(NotReadKind.HIDDEN_SHEET))
            continue
        column = _from_table(table)
        if column is None:
            not_read += table.passed_over
            continue
        columns.append(column)
        not_read += column.not_read
    if not columns:
        if not not_read:
            raise FileRefused(FileProblem.EMPTY)
        raise FileRefused(FileProblem.NO_GUID_COLUMN, " ".join(part.words for part in not_read[:5]))
    return GuidColumn(
        _joined([column.parsed for column in columns]),
        columns[0].heading,
        tuple(column.sheets[0] for column in columns),
        tuple(not_read),
    )


def _joined(lists: Sequence[ParsedList]) -> ParsedList:
    if len(lists) == 1:
        return lists[0]
    return ParsedList(
        np.concatenate([parsed.values for parsed in lists]),
        np.concatenate([parsed.lines + place * SHEET_STEP for place, parsed in enumerate(lists)]),
        tuple(
            ListProblem(problem.line + place * SHEET_STEP, problem.text, problem.code, problem.detail)
            for place, parsed in enumerate(lists)
            for problem in parsed.problems
        ),
    )


def _from_table(table: Table) -> GuidColumn | None:
    sample = list(islice(table.rows, SAMPLE))
    layout = layout_of(sample, sheet=table.name)
    if layout is None:
        table.left_over = table.not_read(NotReadKind.SHEET, already=len(sample))
        return None
    body = _Body(layout)
    for number, cells in chain(sample[layout.first :], table.rows):
        body.take(number, cells)
    return GuidColumn(
        body.parsed(table),
        layout.heading,
        (table.name,) if table.name else (),
        (*_above(table, sample, layout), *table.passed_over, *_beside(table, layout)),
        b"" if table.name else body.spelt(table),
    )


class _Body:
    """The rows below the heading, as texts that should be GUIDs."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.lines: list[int] = []
        self.texts: list[str] = []
        self.empty: list[ListProblem] = []

    def take(self, number: int, cells: list[str]) -> None:
        """Take the GUID of a row; a row without one is a problem, as it holds something else."""
        if self.layout.place == EVERY_CELL:
            filled = [cell for cell in cells if cell.strip(EDGES)]
            if not self.lines and self.layout.has_label:
                del filled[0]
            self.lines += [number] * len(filled)
            self.texts += filled
            return
        place = self.layout.place
        text = cells[place] if place < len(cells) else ""
        if not text.strip(EDGES + "="):
            self._take_empty(number, cells, text)
            return
        self.lines.append(number)
        self.texts.append(text)

    def _take_empty(self, number: int, cells: list[str], text: str) -> None:
        code = read(text)
        where = (
            f"Column {column_letters(self.layout.place)} is empty here. The line holds: {texts_of(cells)}."
        )
        if code is GuidProblem.FORMULA:
            self.empty.append(ListProblem(number, text, code))
        else:
            self.empty.append(ListProblem(number, "", GuidProblem.EMPTY, where))

    def parsed(self, table: Table) -> ParsedList:
        """Read what was taken."""
        parsed = parse_texts(self.texts).at_lines(self.lines)
        open_quotes = [
            ListProblem(number, shown(line), GuidProblem.OPEN_QUOTE) for number, line in table.open_quotes
        ]
        if not self.empty and not open_quotes:
            return parsed
        problems = sorted([*parsed.problems, *self.empty, *open_quotes], key=lambda problem: problem.line)
        return ParsedList(parsed.values, parsed.lines, tuple(problems))

    def spelt(self, table: Table) -> bytes:
        """Write the column as it was written, each text on the line of its number."""
        size = max([*self.lines[-1:], *(number for number, _ in table.open_quotes[-1:])], default=0)
        spelt = [""] * size
        for number, line in table.open_quotes:
            spelt[number - 1] = line
        if self.layout.place == EVERY_CELL:
            for number, text in zip(self.lines, self.texts, strict=True):
                spelt[number - 1] = f"{spelt[number - 1]}, {text}" if spelt[number - 1] else text
        else:
            for number, text in zip(self.lines, self.texts, strict=True):
                spelt[number - 1] = text
        block = "\n".join(spelt)
        if block.count("\n") >= size:  # a quoted text of several lines
            block = "\n".join(" ".join(text.split("\n")) for text in spelt)
        return (block + "\n").encode("utf-8", "replace") if size else b""


def _above(table: Table, sample: Sequence[Row], layout: Layout) -> list[NotRead]:
    """Name the heading, and what stands above it."""
    numbers = RowNumbers(list(table.hints.ranges), table.hints.count)
    named = []
    for number, cells in sample[: layout.first]:
        if (number, cells) == sample[layout.first - 1] and layout.head:
            text = layout.heading or texts_of(cells)
            named.append(NotRead(NotReadKind.HEADING, table.name, text, 1, str(number)))
        else:
            numbers.add(number)
    if numbers.count:
        named.insert(
            0, NotRead(NotReadKind.ABOVE_HEADING, table.name, rows=numbers.count, where=numbers.words)
        )
    return named


def _beside(table: Table, layout: Layout) -> list[NotRead]:
    """Name other columns that hold GUIDs."""
    return [
        NotRead(NotReadKind.COLUMN, table.name, shortened(heading), where=column_letters(place))
        for place, heading in layout.others
    ]
