"""Blocks of lines as tables: columns by the words that occur in them, and the lines that do not fit.

# Note [A quote never swallows a line]
A quote that is not closed makes every CSV reader take the lines that follow for part of one cell. A hub has
no cell of several lines, so a block that has fewer rows than lines is read again line by line, where the
quote harms its own line alone. So is a block with a line of another width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from portal.kernel.spreadsheets import FileRefused
from portal.kernel.spreadsheets.csv_lines import cells_of, decoded
from portal.kernel.spreadsheets.files import FileProblem
from rollouts.services.estate.inventory.files import Inventory, LineBlock

Int64s: TypeAlias = npt.NDArray[np.int64]

GUIDS: Final = ("guid", "gpf_guid")
_WORDS: Final = pa.dictionary(pa.int32(), pa.binary())


@dataclass(frozen=True, slots=True, eq=False)
class ParsedBlock:
    """Lines with as many cells as the heading, column by column, and the numbers of the others."""

    columns: dict[str, Any]
    """GUIDs as Arrow's binary arrays, the others as its dictionary arrays; not those the file lacks."""
    numbers: Int64s
    block: LineBlock
    odd: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    def raws(self, numbers: Sequence[int]) -> list[str]:
        """Return lines as they read, by their numbers."""
        if not numbers:
            return []
        lines = self.block.text.split(b"\n")
        return [decoded(lines[number - self.block.first]) for number in numbers]


def parsed_blocks(inventory: Inventory) -> Iterator[ParsedBlock]:
    """Read a file block by block."""
    for block in inventory.blocks:
        columns = _parsed(block.text, block.lines, inventory)
        if columns is None:
            yield _with_care(block, inventory)
        else:
            yield ParsedBlock(columns, np.arange(block.first, block.first + block.lines), block)


def _parsed(text: bytes, count: int, inventory: Inventory) -> dict[str, Any] | None:
    """Read lines at once; None where they are not as many rows, each as wide as the heading."""
    names = [str(place) for place in range(inventory.heading.width)]
    wanted = {column: str(place) for column, place in inventory.heading.places.items()}
    kinds = {place: pa.binary() if column in GUIDS else _WORDS for column, place in wanted.items()}
    try:
        table = pyarrow.csv.read_csv(
            # The empty line at the end is there for a quote that is still open to swallow.
            pa.BufferReader(text + b"\n"),
            read_options=pyarrow.csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(text) + 2
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=inventory.delimiter,
                quote_char='"' if b'"' in text else False,
                ignore_empty_lines=False,
                newlines_in_values=b'"' in text,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(wanted.values()), column_types=kinds, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != count + 1:
        return None
    table = table.slice(0, count)
    return {column: table.column(place).chunk(0) for column, place in wanted.items()}


def _with_care(block: LineBlock, inventory: Inventory) -> ParsedBlock:
    """Read lines one by one; cells beyond the last column may be empty, and a line of empty cells is none."""
    width, delimiter = inventory.heading.width, inventory.delimiter.encode()
    written: list[bytes] = []
    numbers: list[int] = []
    odd: list[int] = []
    for number, text in enumerate(block.text.split(b"\n")[:-1], start=block.first):
        line = text
        if b'"' in text or text.count(delimiter) != width - 1:
            cells = cells_of(text, inventory.delimiter)
            if cells is not None and not any(cell.strip() for cell in cells):
                continue
            if cells is None or len(cells) < width or any(cell.strip() for cell in cells[width:]):
                odd.append(number)
                continue
            line = delimiter.join(map(_quoted, cells[:width]))
        written.append(line + b"\n")
        numbers.append(number)
    columns = _parsed(b"".join(written), len(written), inventory) if written else {}
    if columns is None:  # pragma: no cover - Arrow reads what was written for it
        raise FileRefused(FileProblem.DAMAGED)
    return ParsedBlock(columns, np.array(numbers, dtype=np.int64), block, tuple(odd))


def _quoted(cell: str) -> bytes:
    return b'"%b"' % cell.replace('"', '""').encode("latin-1")
