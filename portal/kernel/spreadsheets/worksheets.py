"""What a worksheet says beside the values of its cells: what is hidden, merged, in error or not worked out.

The reader of values gives an empty cell for a formula without a stored result, for an error and for the
lower cells of a merged range, and knows nothing of hidden rows. They are found here, in one pass over the
XML that keeps what it finds and nothing else.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from portal.kernel.spreadsheets.files import FileProblem, FileRefused
from portal.kernel.spreadsheets.tables import column_letters

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
_MOST_NOTES: Final = 300_000
_LONGEST_REFERENCE: Final = 24
_LONGEST_NOTE: Final = 60
_REFERENCE: Final = re.compile(r"([A-Za-z]+)([0-9]+)")
_RANGE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7}):([A-Za-z]{1,3})([0-9]{1,7})")
_PLAIN_CELL: Final = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_LONGEST_TAG: Final = 65_536
#: Of these a worksheet has none that neither hides, merges nor works anything out, and is spelt plainly.
_SIGNS: Final = (
    b"idden",
    b"<f",
    b't="e"',
    b"t='e'",
    b"mergeCell",
    b' ht="0',
    b' width="0',
    b"&#",
    b"<!",
    b"\0",
    b"='",
    b' ="',
    b'= "',
)
_YES: Final = frozenset({"1", "true", "on"})


@dataclass(slots=True)
class Worksheet:
    """One worksheet; rows are counted from 1, columns from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    notes: dict[int, dict[int, str]] = field(default_factory=dict)
    """What stands in cells that the reader of values leaves empty, by row and column."""
    cells: int = 0
    last_row: int = 0
    last_column: int = 0

    @property
    def area(self) -> int:
        """How many cells its rectangle has, filled or not."""
        return self.last_row * self.last_column

    def hides_column(self, place: int) -> bool:
        """Return whether a column is hidden."""
        return any(first <= place <= last for first, last in self.hidden_columns)


def plain_worksheet(pieces: Iterable[bytes]) -> Worksheet | None:
    """Measure a worksheet as most programs write most of them; None where it may hide or lack anything.

    Millions of cells are counted in one pass: only where something is hidden, merged, in error or worked out
    has each element to be looked at.
    """
    sheet, tail = Worksheet(), b""
    columns: set[bytes] = set()
    for piece in pieces:
        text = tail + piece
        end = text.rfind(b">") + 1
        text, tail = text[:end], text[end:]
        cells = _PLAIN_CELL.findall(text)
        if len(tail) > _LONGEST_TAG or len(cells) != text.count(b"<c") - text.count(b"<col"):
            return None
        if any(sign in text for sign in _SIGNS):
            return None
        if cells:
            sheet.cells += len(cells)
            sheet.last_row = max(sheet.last_row, *map(int, {row for _, row in cells}))
            columns.update(column for column, _ in cells)
    if not sheet.cells or tail.strip():
        return None
    sheet.last_column = max(_column_of(column.decode()) for column in columns) + 1
    if sheet.last_row > LAST_ROW or sheet.last_column > LAST_COLUMN:
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)
    return sheet


class WorksheetScanner:
    """Takes the XML of a part piece by piece, and gives the worksheet if it is one.

    Raises FileRefused (DAMAGED, UNPACKS_TOO_LARGE) for what is no XML, has a DOCTYPE, or leads nowhere.
    """

    def __init__(self) -> None:
        self.sheet = Worksheet()
        self._names: dict[str, str] = {}
        self._columns: dict[str, int] = {}
        self._rows = array("q")
        self._row, self._column = 0, -1
        self._merges: list[tuple[int, int, int]] = []
        self._noted = 0
        self._note: list[str] = []
        self._formula = ""
        self._has_value = self._is_error = self._is_text = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, piece: bytes) -> None:
        """Take a piece of the part."""
        try:
            self._parser.Parse(piece)
        except expat.ExpatError as error:
            raise FileRefused(FileProblem.DAMAGED) from error

    def close(self) -> Worksheet:
        """Take the end of the part."""
        try:
            self._parser.Parse(b"", True)  # noqa: FBT003 - expat's own interface
        except expat.ExpatError as error:
            raise FileRefused(FileProblem.DAMAGED) from error
        self._note_merged()
        return self.sheet

    def _doctype(self, *_: object) -> None:
        raise FileRefused(FileProblem.DAMAGED)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = self._names.get(name)
        if local is None:
            local = self._names[name] = name.rpartition(" ")[2]
        if local == "c":
            self._cell(attributes)
        elif local == "row":
            self._new_row(attributes)
        elif local == "f":
            self._watch_formula()
        elif local == "col":
            self._hide_columns(attributes)
        elif local == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _new_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r", "")
        if number and not (number.isascii() and number.isdigit()):
            raise FileRefused(FileProblem.DAMAGED)
        self._row = int(number[:_LONGEST_REFERENCE]) if number else self._row + 1
        self._column = -1
        self._check_place(self._row, 0)
        self._rows.append(self._row)
        is_flat = attributes.get("ht") in {"0", "0.0"}
        if attributes.get("hidden") in _YES or is_flat:
            self.sheet.hidden_rows.add(self._row)

    def _cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            self._row, self._column = self._place_of(reference)
        sheet = self.sheet
        sheet.cells += 1
        sheet.last_row = max(sheet.last_row, self._row)
        sheet.last_column = max(sheet.last_column, self._column + 1)
        kind = attributes.get("t")
        if kind == "e":
            self._is_error = True
            self._listen()
        self._is_text = kind == "str"

    def _place_of(self, reference: str) -> tuple[int, int]:
        match = _REFERENCE.fullmatch(reference) if len(reference) <= _LONGEST_REFERENCE else None
        if match is None:
            raise FileRefused(FileProblem.DAMAGED)
        letters, row = match[1], int(match[2])
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column_of(letters)
        self._check_place(row, column)
        return row, column

    def _check_place(self, row: int, column: int) -> None:
        if row > LAST_ROW or column >= LAST_COLUMN:
            raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)

    def _listen(self) -> None:
        """Hear what stands in this cell: only for the few that the reader of values leaves empty."""
        self._note, self._has_value = [], False
        self._parser.CharacterDataHandler = self._text
        self._parser.EndElementHandler = self._end

    def _watch_formula(self) -> None:
        if not self._is_error:
            self._listen()

    def _text(self, text: str) -> None:
        self._note.append(text[:_LONGEST_NOTE])

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if local == "f":
            self._formula = f"={''.join(self._note)}"[:_LONGEST_NOTE]
            self._note = []
        elif local == "v":
            self._has_value = bool("".join(self._note).strip())
        elif local == "c":
            if self._is_error:
                self._keep_note(self._row, self._column, "".join(self._note).strip() or "#ERROR")
            elif not self._has_value and not self._is_text:
                self._keep_note(self._row, self._column, self._formula)
            self._is_error = False
            self._parser.CharacterDataHandler = None
            self._parser.EndElementHandler = None

    def _keep_note(self, row: int, column: int, text: str) -> None:
        self._noted += 1
        if self._noted > _MOST_NOTES:
            raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)
        self.sheet.notes.setdefault(row, {})[column] = text

    def _hide_columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") not in _YES and attributes.get("width") not in {"0", "0.0"}:
            return
        first, last = attributes.get("min", ""), attributes.get("max", "")
        if not (first.isdecimal() and last.isdecimal()) or len(self.sheet.hidden_columns) > LAST_COLUMN:
            raise FileRefused(FileProblem.DAMAGED)
        self.sheet.hidden_columns.append((int(first[:9]) - 1, int(last[:9]) - 1))

    def _merge(self, reference: str) -> None:
        match = _RANGE.fullmatch(reference)
        if match is None or len(self._merges) > _MOST_NOTES:
            return
        first, last = int(match[2]), int(match[4])
        if last > first:
            self._merges.append((first, last, _column_of(match[1])))

    def _note_merged(self) -> None:
        """Map the lower cells of a merged range to the cell they are merged with."""
        if not self._merges:
            return
        rows = sorted(set(self._rows))
        for first, last, column in self._merges:
            for row in _between(rows, first + 1, last):
                self._keep_note(row, column, f"#MERGED with {column_letters(column)}{first}")


def _between(rows: list[int], first: int, last: int) -> Iterable[int]:
    return rows[bisect_left(rows, first) : bisect_right(rows, last)]


def _column_of(letters: str) -> int:
    number = 0
    for letter in letters[:_LONGEST_REFERENCE].upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
