"""Tables as they come out of a file: visible rows with their numbers, and the names of what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self, TypeAlias

from portal.kernel.guid.value import EDGES

Row: TypeAlias = tuple[int, list[str]]
_RANGES_SHOWN: Final = 5
_LETTERS: Final = 26
_LONGEST_NAME: Final = 60


class NotReadKind(StrEnum):
    """What kind of thing was not read."""

    HEADING = "HEADING"
    ABOVE_HEADING = "ABOVE_HEADING"
    HIDDEN_ROWS = "HIDDEN_ROWS"
    HIDDEN_COLUMN = "HIDDEN_COLUMN"
    COLUMN = "COLUMN"
    SHEET = "SHEET"
    HIDDEN_SHEET = "HIDDEN_SHEET"
    OTHER_COLUMN = "OTHER_COLUMN"
    OTHER_SHEET = "OTHER_SHEET"
    DIFFERENT_COLUMNS = "DIFFERENT_COLUMNS"
    OTHER_ROWS = "OTHER_ROWS"


_WORDS: Final = {
    NotReadKind.HEADING: "{Line} {where} was taken for the heading: “{name}”.",
    NotReadKind.ABOVE_HEADING: "Above the heading, {line} {where} was not read.",
    NotReadKind.HIDDEN_ROWS: "Hidden rows were not read: {rows} ({line} {where}). Show them to include them.",
    NotReadKind.HIDDEN_COLUMN: "Column {where} is hidden and was not read: “{name}”. Show it to include it.",
    NotReadKind.COLUMN: "Column {where} holds GUIDs too and was not read: “{name}”.",
    NotReadKind.SHEET: "The sheet has no column of hub GUIDs. Rows not read: {rows}.",
    NotReadKind.OTHER_COLUMN: "Column {where} is no part of such a file and was not read: “{name}”.",
    NotReadKind.OTHER_SHEET: "The sheet has not the columns of such a file. Rows not read: {rows}.",
    NotReadKind.DIFFERENT_COLUMNS: (
        "The sheet has other columns than the first. Rows not read: {rows}. Send it as a file of its own."
    ),
    NotReadKind.OTHER_ROWS: "Rows of {name} were not read: {rows} ({line} {where}).",
    NotReadKind.HIDDEN_SHEET: "The sheet is hidden. Rows not read: {rows}. Show the sheet to include it.",
}
#: Of these `rows` counts rows of which nothing was taken.
ROW_KINDS: Final = frozenset(NotReadKind) - {
    NotReadKind.HIDDEN_COLUMN,
    NotReadKind.COLUMN,
    NotReadKind.OTHER_COLUMN,
}


@dataclass(frozen=True, slots=True)
class NotRead:
    """A part of a file that was not read: its kind, where it is, and how many rows that hold anything."""

    kind: NotReadKind
    sheet: str = ""
    name: str = ""
    rows: int = 0
    where: str = ""

    @property
    def is_plain_heading(self) -> bool:
        """Return whether this is but the heading of the column that was read."""
        return self.kind is NotReadKind.HEADING

    @property
    def words(self) -> str:
        """Return what was not read, and how to include it."""
        line = "row" if self.sheet else "line"
        words = _WORDS[self.kind].format(
            line=line, Line=line.capitalize(), where=self.where, name=self.name, rows=f"{self.rows:,}"
        )
        return f"Sheet “{self.sheet}”: {words[0].lower()}{words[1:]}" if self.sheet else words

    @property
    def document(self) -> dict[str, object]:
        """Return it as it is stored in JSON."""
        return {
            "kind": self.kind.value,
            "sheet": self.sheet,
            "name": self.name,
            "rows": self.rows,
            "where": self.where,
        }

    @classmethod
    def of(cls, document: dict[str, object]) -> Self:
        """Read back what was kept as JSON."""
        return cls(
            NotReadKind(str(document["kind"])),
            str(document["sheet"]),
            str(document["name"]),
            int(str(document["rows"])),
            str(document["where"]),
        )


@dataclass(slots=True)
class RowNumbers:
    """Numbers of rows, in rising order, as ranges."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    count: int = 0

    def add(self, number: int) -> None:
        """Add a number that is higher than those before."""
        self.count += 1
        if self.ranges and self.ranges[-1][1] == number - 1:
            self.ranges[-1] = (self.ranges[-1][0], number)
        else:
            self.ranges.append((number, number))

    @property
    def words(self) -> str:
        """Name the ranges; of many the first ones."""
        shown = [
            str(first) if first == last else f"{first} to {last}"
            for first, last in self.ranges[:_RANGES_SHOWN]
        ]
        return ", ".join(shown) + (" and more" if len(self.ranges) > _RANGES_SHOWN else "")


@dataclass(slots=True)
class Table:
    """One sheet of a workbook, or the one table of a text (then without a name).

    `rows` are those that are seen and hold anything, and can be walked once. What was passed over is known
    once they have been: `open_quotes` are lines on which a quotation mark is opened and not closed.
    """

    rows: Iterator[Row]
    name: str = ""
    is_hidden: bool = False
    open_quotes: list[tuple[int, str]] = field(default_factory=list)
    hints: RowNumbers = field(default_factory=RowNumbers)
    hidden_rows: RowNumbers = field(default_factory=RowNumbers)
    hidden_columns: dict[int, str] = field(default_factory=dict)
    """Hidden columns that hold anything: their place, counted from 0, and the first text in them."""
    left_over: NotRead | None = None
    """The whole table, where it was walked and no column in it was what was looked for."""

    @property
    def passed_over(self) -> list[NotRead]:
        """Name what is hidden in this table; for when its rows have been walked."""
        parts = [self.left_over] if self.left_over else []
        if self.hidden_rows.count:
            parts.append(
                NotRead(
                    NotReadKind.HIDDEN_ROWS,
                    self.name,
                    rows=self.hidden_rows.count,
                    where=self.hidden_rows.words,
                )
            )
        parts += [
            NotRead(NotReadKind.HIDDEN_COLUMN, self.name, shortened(text), where=column_letters(place))
            for place, text in sorted(self.hidden_columns.items())
        ]
        return parts

    def not_read(self, kind: NotReadKind, *, already: int = 0) -> NotRead:
        """Name the whole table as not read; walks what is left of its rows, `already` were walked before."""
        rows = already + sum(1 for _ in self.rows) + len(self.open_quotes) + self.hints.count
        return NotRead(kind, self.name, rows=rows + (self.hidden_rows.count if self.is_hidden else 0))


def holds_anything(cells: Iterable[str]) -> bool:
    """Return whether any cell holds more than blanks, quotes and separators."""
    return bool("".join(cells).strip(EDGES))


def column_letters(place: int) -> str:
    """Name a column, counted from 0, as spreadsheets do."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def shortened(text: str) -> str:
    """Shorten a heading, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}…"


def texts_of(cells: Sequence[str]) -> str:
    """Write a row on one line, for people."""
    return shortened(", ".join(cell for cell in cells if cell.strip(EDGES)))
