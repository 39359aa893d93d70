"""The heading of a table: which column is which, by the names that its kind of file goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Final

from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets.columns import SHEET_STEP, read_tables
from portal.kernel.spreadsheets.files import FileProblem, FileRefused
from portal.kernel.spreadsheets.tables import NotRead, NotReadKind, Row, Table, column_letters, shortened

#: Titles, dates and notes stand above the heading of a table that people keep; more is no table.
_ROWS_LOOKED_AT: Final = 20
#: What the portal itself puts behind the columns of lines it gives back to be corrected.
ADDED_COLUMNS: Final = frozenset({"line", "sheet", "reason", "whattodo"})


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The columns of one kind of file, with the headings each goes by beside its own name."""

    columns: Mapping[str, Sequence[str]]
    needed: frozenset[str]
    known: Mapping[str, Callable[[str], bool]] = field(default_factory=dict)
    """Columns whose headings are recognised by a function, where no other column has that name."""

    def propose(self, cells: Sequence[str]) -> dict[str, str]:
        """Match headings to columns by name; return the heading of each column that has one."""
        heading = self._read(0, cells, {})
        return {name: cells[places[0]].strip() for name, places in heading.candidates.items()}

    def _read(self, number: int, cells: Sequence[str], mapping: Mapping[str, str]) -> _Candidate:
        names = [bare_name(cell) for cell in cells]
        mapped = {bare_name(text): column for column, text in mapping.items() if text}
        own = {bare_name(name): name for name in self.columns}
        # Another name counts only where the column's own is not there.
        absent = [name for name in self.columns if bare_name(name) not in names]
        own |= {bare_name(text): name for name in absent for text in self.columns[name]}
        candidates: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            column = mapped.get(name) or own.get(name) or self._known(cells[place])
            if name and column and (name in mapped or not mapping.get(column)):
                candidates.setdefault(column, []).append(place)
        return _Candidate(number, tuple(cells), candidates)

    def _known(self, cell: str) -> str | None:
        return next((column for column, is_known in self.known.items() if is_known(cell)), None)


@dataclass(frozen=True, slots=True)
class HeadingRow:
    """Where each column stands, and what beside and above them is not read."""

    row: int
    cells: tuple[str, ...]
    places: Mapping[str, int]
    not_read: tuple[NotRead, ...] = ()

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.cells)


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: int
    cells: tuple[str, ...]
    candidates: dict[str, list[int]]


def find_heading(
    rows: Iterable[Row],
    layout: FileColumns,
    *,
    refusal: type[BadInput],
    mapping: Mapping[str, str] | None = None,
) -> HeadingRow:
    """Find the first row that has every column that is needed; titles may stand above it.

    `mapping` names headings by column; it counts before the names that the layout knows.

    Raises:
        BadInput: of the type `refusal`: no row has them all, or one stands twice; `facts` has the headings.
    """
    filled = islice((row for row in rows if any(cell.strip() for cell in row[1])), _ROWS_LOOKED_AT)
    seen: list[_Candidate] = []
    for number, cells in filled:
        seen.append(layout._read(number, cells, mapping or {}))  # noqa: SLF001 - the two are one algorithm
        if layout.needed <= seen[-1].candidates.keys():
            return _heading(seen, refusal)
    best = max(seen, key=lambda each: len(each.candidates), default=_Candidate(0, (), {}))
    missing = [name for name in layout.columns if name in layout.needed and name not in best.candidates]
    message = f"The heading lacks {', '.join(missing)}. This file can have: {', '.join(layout.columns)}."
    raise refusal(message, facts={"headings": [shortened(cell) for cell in best.cells[:100]]})


@dataclass(frozen=True, slots=True)
class HeadedFile:
    """The tables of a file that have the columns that are looked for, and the names of the others.

    A line of the n-th table is numbered by its row plus n times SHEET_STEP.
    """

    heading: HeadingRow
    """Of the first table; rows of later ones come with their cells in its order."""
    tables: Sequence[tuple[Table, HeadingRow, Iterator[Row]]]
    others: Sequence[NotRead]

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets that are read; none for a text."""
        return tuple(table.name for table, *_ in self.tables if table.name)

    @property
    def rows(self) -> Iterator[Row]:
        """Every row below a heading; to be walked once."""
        for place, (_, heading, rows) in enumerate(self.tables):
            for number, cells in rows:
                if number > heading.row:
                    yield number + place * SHEET_STEP, self._aligned(cells, heading)

    @property
    def open_quotes(self) -> list[tuple[int, str]]:
        """Lines on which a quotation mark is opened and not closed; for when the rows have been walked."""
        return [
            (number + place * SHEET_STEP, text)
            for place, (table, *_) in enumerate(self.tables)
            for number, text in table.open_quotes
        ]

    @property
    def not_read(self) -> list[NotRead]:
        """Name what is not read; for when the rows have been walked."""
        several = len(self.tables) > 1
        named = []
        for table, heading, _ in self.tables:
            named += [replace(part, sheet=table.name) if several else part for part in heading.not_read]
            named += table.passed_over
        return [*named, *self.others]

    def _aligned(self, cells: list[str], heading: HeadingRow) -> list[str]:
        if heading.cells == self.heading.cells:
            return cells
        places = {place: heading.places[name] for name, place in self.heading.places.items()}
        row = [
            cells[places[place]] if place in places and places[place] < len(cells) else ""
            for place in range(self.heading.width)
        ]
        return row + [cell for cell in cells[heading.width :] if cell.strip()]


def headed_file(
    data: bytes, layout: FileColumns, *, mapping: Mapping[str, str], refusal: type[BadInput]
) -> HeadedFile:
    """Find every visible sheet that has the columns that are needed; a text is one sheet.

    A sheet with other columns than the first one is named, not read: what its columns lack would be taken
    for empty.

    Raises:
        FileRefused: the file cannot be read.
        BadInput: of the type `refusal`: there is none.
    """
    tables: list[tuple[Table, HeadingRow, Iterator[Row]]] = []
    refused: list[BadInput] = []
    others: list[NotRead] = []
    for table in read_tables(data):
        if table.is_hidden:
            others.append(table.not_read(NotReadKind.HIDDEN_SHEET))
            continue
        first = list(islice(table.rows, _ROWS_LOOKED_AT))
        try:
            heading = find_heading(first, layout, mapping=mapping, refusal=refusal)
        except refusal as error:
            refused.append(error)
            others.append(table.not_read(NotReadKind.OTHER_SHEET, already=len(first)))
            continue
        if tables and heading.places.keys() != tables[0][1].places.keys():
            others.append(table.not_read(NotReadKind.DIFFERENT_COLUMNS, already=len(first)))
            continue
        tables.append((table, heading, chain(first, table.rows)))
    if not tables:
        raise refused[-1] if refused else FileRefused(FileProblem.EMPTY)
    return HeadedFile(tables[0][1], tables, others)


def bare_name(text: str) -> str:
    """Compare headings without case, spaces and punctuation."""
    return "".join(filter(str.isalnum, text)).lower()


def _heading(seen: Sequence[_Candidate], refusal: type[BadInput]) -> HeadingRow:
    here = seen[-1]
    for name, places in here.candidates.items():
        if len(places) > 1:
            both = " and ".join(shortened(here.cells[place]) for place in places[:2])
            raise refusal(
                f"The column {name} stands twice in the heading: {both}.",
                facts={"headings": [shortened(cell) for cell in here.cells[:100]]},
            )
    firsts = {name: places[0] for name, places in here.candidates.items()}
    bare = [bare_name(cell) for cell in here.cells]
    added = ADDED_COLUMNS if set(bare) >= ADDED_COLUMNS else frozenset()
    columns = (
        NotRead(NotReadKind.OTHER_COLUMN, name=shortened(cell), where=column_letters(place))
        for place, cell in enumerate(here.cells)
        if cell.strip() and place not in firsts.values() and bare[place] not in added
    )
    above = (
        NotRead(
            NotReadKind.ABOVE_HEADING,
            name=shortened(", ".join(filter(None, each.cells))),
            rows=1,
            where=str(each.row),
        )
        for each in seen[:-1]
    )
    return HeadingRow(here.row, here.cells, firsts, (*above, *columns))
