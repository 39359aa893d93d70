"""The heading of a table: which column is which, by the names that its kind of file goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets.columns import read_tables
from portal.kernel.spreadsheets.files import FileProblem, FileRefused
from portal.kernel.spreadsheets.tables import NotRead, NotReadKind, Row, Table, column_letters, shortened

#: Titles, dates and notes stand above the heading of a table that people keep; more is no table.
_ROWS_LOOKED_AT: Final = 20


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
    width: int
    places: Mapping[str, int]
    not_read: tuple[NotRead, ...] = ()


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
class HeadedTable:
    """The table of a file that has the columns that are looked for, and the sheets that are not read."""

    table: Table
    heading: HeadingRow
    rows: Iterator[Row]
    """Every row, those above the heading too; to be walked once."""
    others: Sequence[NotRead]

    @property
    def not_read(self) -> list[NotRead]:
        """Name what is not read; for when the rows have been walked."""
        return [*self.heading.not_read, *self.table.passed_over, *self.others]


def headed_table(
    data: bytes, layout: FileColumns, *, mapping: Mapping[str, str], refusal: type[BadInput]
) -> HeadedTable:
    """Find the first visible sheet that has every column that is needed; a text is one sheet.

    Raises:
        FileRefused: the file cannot be read.
        BadInput: of the type `refusal`: there is none.
    """
    headed: tuple[Table, HeadingRow, Iterator[Row]] | None = None
    refused: list[BadInput] = []
    others: list[NotRead] = []
    for table in read_tables(data):
        if headed or table.is_hidden:
            kind = NotReadKind.HIDDEN_SHEET if table.is_hidden else NotReadKind.OTHER_SHEET
            others.append(table.not_read(kind))
            continue
        first = list(islice(table.rows, _ROWS_LOOKED_AT))
        try:
            heading = find_heading(first, layout, mapping=mapping, refusal=refusal)
        except refusal as error:
            refused.append(error)
            others.append(table.not_read(NotReadKind.OTHER_SHEET, already=len(first)))
        else:
            headed = table, heading, chain(first, table.rows)
    if headed is None:
        raise refused[-1] if refused else FileRefused(FileProblem.EMPTY)
    return HeadedTable(*headed, others)


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
    columns = (
        NotRead(NotReadKind.OTHER_COLUMN, name=shortened(cell), where=column_letters(place))
        for place, cell in enumerate(here.cells)
        if cell.strip() and place not in firsts.values()
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
    return HeadingRow(here.row, len(here.cells), firsts, (*above, *columns))
