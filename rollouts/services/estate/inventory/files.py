"""Inventory files as blocks of whole lines, in whatever encoding and with whatever line ends they come."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Final, TypeAlias

from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets import FileRefused, NotRead
from portal.kernel.spreadsheets.csv_lines import cells_of, decoded
from portal.kernel.spreadsheets.files import FileProblem, is_workbook
from portal.kernel.spreadsheets.headings import HeadedFile, HeadingRow, find_heading, headed_file
from portal.kernel.spreadsheets.texts import encoding_of
from rollouts.rules.file_columns import INVENTORY

COLUMNS: Final = tuple(INVENTORY.columns)

Source: TypeAlias = bytes | BinaryIO | Iterable[bytes]

_READ: Final = 1024 * 1024
# Words are judged once a block: a few megabytes make that cheap, and several fit the memory at a time.
_BLOCK: Final = 8 * 1024 * 1024
_LONGEST_LINE: Final = 2 * _BLOCK
_DELIMITERS: Final = (",", ";", "\t", "|")
_LOOKED_AT: Final = 4096
#: The heading is looked for in so many lines, empty ones included.
_MOST_ABOVE: Final = 200


class NotAnInventory(BadInput):
    """The file has not the columns of an inventory."""

    code = "not_an_inventory"


@dataclass(frozen=True, slots=True, eq=False)
class LineBlock:
    """Whole lines, each with a line feed at its end, how many, and the number of the first."""

    text: bytes
    first: int
    lines: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """A file whose heading has been read, and its lines still to come."""

    heading: HeadingRow
    delimiter: str
    blocks: Iterator[LineBlock]
    not_read: list[NotRead]
    """What of the file is not read; known once the last block has come."""
    sheets: tuple[str, ...] = ()
    """The sheets that are read: a line is one of the first, plus SHEET_STEP for each before its own."""


def open_inventory(source: Source, *, mapping: Mapping[str, str] | None = None) -> Inventory:
    """Read the heading of a file; `mapping` names headings by column where they are the user's own.

    Raises:
        FileRefused: the file is neither text nor a workbook.
        NotAnInventory: a column that is needed is missing.
    """
    not_read: list[NotRead] = []
    chunks = chunks_of(source)
    beginning = b""
    while len(beginning) < _LOOKED_AT and (chunk := next(chunks, b"")):
        beginning += chunk
    if not beginning.strip():
        raise FileRefused(FileProblem.EMPTY)
    chunks = chain([beginning], chunks)
    encoding = encoding_of(beginning)
    if not encoding and is_workbook(beginning):
        return _from_workbook(b"".join(chunks), mapping or {}, not_read)
    blocks = _numbered(_blocks(_line_feeds(_narrow(chunks, encoding or ""))))
    first = next(blocks, None)
    if first is None:
        raise FileRefused(FileProblem.EMPTY)
    lines = first.text.split(b"\n", _MOST_ABOVE)[:_MOST_ABOVE]
    delimiter = max(_DELIMITERS, key=lambda each: max(line.count(each.encode()) for line in lines))
    heading = find_heading(
        ((number, _texts(line, delimiter)) for number, line in enumerate(lines, start=1)),
        INVENTORY,
        mapping=mapping,
        refusal=NotAnInventory,
    )
    rest = LineBlock(first.text.split(b"\n", heading.row)[-1], heading.row + 1, first.lines - heading.row)
    not_read += heading.not_read
    return Inventory(heading, delimiter, chain([rest] if rest.text else [], blocks), not_read)


def chunks_of(source: Source) -> Iterator[bytes]:
    """Yield what was sent, whatever it was sent as, a bounded piece at a time."""
    if isinstance(source, bytes):
        yield from (source[at : at + _READ] for at in range(0, len(source), _READ))
    elif isinstance(source, io.IOBase) or hasattr(source, "read"):
        while chunk := source.read(_READ):
            yield chunk
    else:
        yield from source


def _narrow(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Return text as octets without a byte order mark; UTF-16 and UTF-32 become UTF-8."""
    if encoding == "utf-8-sig":
        yield next(chunks).removeprefix(codecs.BOM_UTF8)
    elif encoding:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        yield from (decoder.decode(chunk).encode("utf-8", "replace") for chunk in chunks)
    yield from chunks


def _line_feeds(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Turn the line ends of Windows and of old Macs into line feeds."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        # Whether a line feed follows is known with the next chunk.
        held = b"\r" if text.endswith(b"\r") else b""
        if b"\r" in text:
            text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield text
    yield b"\n" if held else b""


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join and cut chunks so that each block is a few megabytes of whole lines.

    Raises:
        FileRefused: a line has no end.
    """
    held: list[bytes | memoryview] = []
    size = 0
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if size + len(chunk) < _BLOCK or not cut:
            held.append(chunk)
            size += len(chunk)
            if size > _LONGEST_LINE:
                raise FileRefused(FileProblem.DAMAGED)
            continue
        yield b"".join([*held, memoryview(chunk)[:cut]])
        held, size = [chunk[cut:]], len(chunk) - cut
    last = b"".join(held)
    if last.strip():
        yield last if last.endswith(b"\n") else last + b"\n"


def _numbered(blocks: Iterable[bytes]) -> Iterator[LineBlock]:
    number = 1
    for text in blocks:
        lines = text.count(b"\n")
        yield LineBlock(text, number, lines)
        number += lines


def _from_workbook(data: bytes, mapping: Mapping[str, str], not_read: list[NotRead]) -> Inventory:
    file = headed_file(data, INVENTORY, mapping=mapping, refusal=NotAnInventory)
    return Inventory(file.heading, ",", _workbook_blocks(file, not_read), not_read, file.sheets)


def _workbook_blocks(file: HeadedFile, not_read: list[NotRead]) -> Iterator[LineBlock]:
    """Write the sheets that are inventories as lines of text, a row under its number, and name the others."""
    written = _Lines()
    for number, cells in file.rows:
        if written.lines and (written.size > _READ or number > written.following + _MOST_ABOVE):
            yield written.block
            written = _Lines()
        written.add(number, [re.sub(r"[\x00-\x1f]+", " ", cell).strip() for cell in cells])
    if written.lines:
        yield written.block
    not_read += file.not_read


class _Lines:
    """Rows as lines of text, each under its number."""

    def __init__(self) -> None:
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer, lineterminator="\n")
        self.first = self.following = self.lines = 0

    @property
    def size(self) -> int:
        return self._buffer.tell()

    @property
    def block(self) -> LineBlock:
        return LineBlock(self._buffer.getvalue().encode(), self.first, self.lines)

    def add(self, number: int, cells: Sequence[str]) -> None:
        if not self.lines:
            self.first = self.following = number
        self._buffer.write("\n" * (number - self.following))
        self._writer.writerow(cells)
        self.lines += number - self.following + 1
        self.following = number + 1


def _texts(line: bytes, delimiter: str) -> list[str]:
    return [decoded(cell.encode("latin-1")).strip() for cell in cells_of(line, delimiter) or []]
