"""Inventory files as pieces of whole lines, in one order of columns, whatever was sent."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.kernel.guid import is_guid_heading
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets import FileRefused, read_rows
from portal.kernel.spreadsheets.files import FileProblem, is_workbook

Places: TypeAlias = npt.NDArray[np.int64]

# In this order; spans of neighbours are judged together.
COLUMNS: Final = (
    "guid",
    "gpf_guid",
    "manufacturer",
    "model",
    "hardware_version",
    "firmware_version",
    "gpf_firmware_version",
    "region",
    "smi_status",
    "gpf_status",
    "import_mpid",
    "gas_code",
    "commissioned_on",
    "installed_on",
    "han_devices",
    "postcode_area",
)
NEEDED: Final = ("guid", "model", "firmware_version", "region", "smi_status")
#: Stands between the columns of a line that was written anew: no text of an inventory holds it.
JOINT: Final = b"\x1f"

# Small enough that the arrays made of a piece stay in the processor's cache.
_PIECE: Final = 1024 * 1024
_DELIMITERS: Final = b",;\t|"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MOST_LINES_OF_A_WORKBOOK: Final = 1_048_576


class NotAnInventory(BadInput):
    """The file has not the columns of an inventory."""

    code = "not_an_inventory"


Source: TypeAlias = bytes | BinaryIO | Iterable[bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Whole lines with one separator: where each field begins and ends, and the number of each line.

    `odd` are lines without the right number of columns, as (number, text).
    """

    block: bytes
    separator: bytes
    begins: Places
    ends: Places
    numbers: Places
    odd: tuple[tuple[int, str], ...] = ()
    count: int = 0
    """Lines that hold anything, odd ones included."""
    lines: int = 0
    """Lines of any kind."""

    def text(self, row: int) -> str:
        """Return a line as it reads, for the list of refusals."""
        line = self.block[int(self.begins[row, 0]) : int(self.ends[row, -1])]
        return line.replace(JOINT, b",").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns of a file by their place, and what separates them."""

    places: dict[str, int]
    width: int
    delimiter: bytes

    @property
    def is_usual(self) -> bool:
        """Tell whether the file has exactly the columns of an inventory, in order."""
        return self.width == len(COLUMNS) and list(self.places) == list(COLUMNS)


def pieces_of(source: Source) -> tuple[Heading, Iterator[Piece]]:
    """Read the heading of a file, and give its lines piece by piece.

    Raises:
        FileRefused: the file is neither text nor a workbook.
        NotAnInventory: a column that is needed is missing.
    """
    chunks = chunks_of(source)
    first = next(chunks, b"")
    if not first.strip():
        raise FileRefused(FileProblem.EMPTY)
    if is_workbook(first):
        blocks = _whole_lines(_workbook_lines(b"".join([first, *chunks])))
    elif first.startswith(_UTF_16):
        text = b"".join([first, *chunks]).decode("utf-16", "replace")
        blocks = _whole_lines(iter([text.encode()]))
    else:
        blocks = _whole_lines(chain([first.removeprefix(codecs.BOM_UTF8)], chunks))
    number, line, rest = _first_line(blocks)
    heading = heading_of(line)
    return heading, _pieces(heading, chain([rest] if rest else [], blocks), number + 1)


def heading_of(line: bytes) -> Heading:
    """Find the columns in the first line.

    Raises:
        NotAnInventory: one that is needed is missing, or one stands twice.
    """
    delimiter = max((bytes([each]) for each in _DELIMITERS), key=line.count)
    names = [_name(cell) for cell in _cells(line, delimiter)]
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in COLUMNS and name in places:
            raise NotAnInventory(f"The column {name} stands twice in the heading.")
        if name in COLUMNS:
            places[name] = place
    if missing := [name for name in NEEDED if name not in places]:
        raise NotAnInventory(
            f"The heading lacks {', '.join(missing)}. An inventory has the columns {', '.join(COLUMNS)}."
        )
    return Heading(places, len(names), delimiter)


def _pieces(heading: Heading, blocks: Iterable[bytes], number: int) -> Iterator[Piece]:
    for block in blocks:
        cut = _cut(block, heading.delimiter, heading.width, number)
        if heading.is_usual:
            yield cut
        else:
            yield _anew([(int(n), cut.text(row)) for row, n in enumerate(cut.numbers)], heading)
        if cut.odd:
            yield _anew(cut.odd, heading)
        number += cut.lines


def _cut(block: bytes, delimiter: bytes, width: int, number: int) -> Piece:
    """Find the fields of all lines that have as many as the heading, and set the other lines apart."""
    buffer = np.frombuffer(block, dtype=np.uint8)
    is_end = buffer == ord("\n")
    edges = np.flatnonzero(is_end | (buffer == delimiter[0]))
    count = int(np.count_nonzero(is_end))
    has_strange = any(each in block for each in (b'"', b"\0", b"\r", JOINT))
    if has_strange or len(edges) != count * width or not is_end[edges[width - 1 :: width]].all():
        return _cut_with_care(block, delimiter, width, number)
    ends = edges.reshape(count, width)
    begins = np.concatenate((np.zeros(1, dtype=np.int64), edges[:-1] + 1)).reshape(count, width)
    return Piece(block, delimiter, begins, ends, np.arange(number, number + count), count=count, lines=count)


def _cut_with_care(block: bytes, delimiter: bytes, width: int, number: int) -> Piece:
    """Do what `_cut` does where not every line is in the usual form."""
    buffer = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(buffer == ord("\n"))
    begins = np.concatenate((np.zeros(1, dtype=np.int64), ends[:-1] + 1))
    stops = ends - ((ends > begins) & (buffer[ends - 1] == ord("\r")))
    joints = np.flatnonzero(buffer == delimiter[0])
    counts = np.diff(np.searchsorted(joints, ends), prepend=0)
    is_plain = counts == width - 1
    strange = np.flatnonzero((buffer == ord('"')) | (buffer == 0) | (buffer == JOINT[0]))
    is_plain[np.searchsorted(ends, strange)] = False
    is_empty = stops == begins
    odd = np.flatnonzero(~is_plain & ~is_empty)
    plain = np.flatnonzero(is_plain & ~is_empty)
    inner: Places = joints[np.repeat(is_plain & ~is_empty, counts)].reshape(len(plain), width - 1)
    return Piece(
        block=block,
        separator=delimiter,
        begins=np.column_stack((begins[plain], inner + 1)),
        ends=np.column_stack((inner, stops[plain])),
        numbers=plain + number,
        odd=tuple((int(row) + number, _decoded(block[begins[row] : stops[row]])) for row in odd),
        count=len(plain),
        lines=len(ends),
    )


def _anew(lines: Iterable[tuple[int, str]], heading: Heading) -> Piece:
    """Write lines in the usual order of columns; those that cannot be are odd for good."""
    written: list[bytes] = []
    numbers: list[int] = []
    odd: list[tuple[int, str]] = []
    for number, text in lines:
        cells = _cells(text.encode(), heading.delimiter)
        if len(cells) != heading.width:
            odd.append((number, text))
            continue
        inner = [_plain(cells[heading.places[name]]) if name in heading.places else "" for name in COLUMNS]
        written.append(JOINT.join(cell.encode() for cell in inner))
        numbers.append(number)
    block = b"".join(line + b"\n" for line in written)
    if not block:
        none = np.zeros((0, len(COLUMNS)), dtype=np.int64)
        return Piece(b"", JOINT, none, none, np.zeros(0, np.int64), tuple(odd), len(odd))
    cut = _recut(block)
    return Piece(
        block,
        JOINT,
        cut.begins,
        cut.ends,
        np.array(numbers, dtype=np.int64),
        tuple(odd),
        len(odd) + len(numbers),
    )


def _recut(block: bytes) -> Piece:
    buffer = np.frombuffer(block, dtype=np.uint8)
    edges = np.flatnonzero((buffer == JOINT[0]) | (buffer == ord("\n"))).reshape(-1, len(COLUMNS))
    begins = np.concatenate((np.zeros(1, dtype=np.int64), edges.ravel()[:-1] + 1)).reshape(edges.shape)
    return Piece(block, JOINT, begins, edges, np.arange(len(edges)))


def _cells(line: bytes, delimiter: bytes) -> list[str]:
    text = _decoded(line).rstrip("\r\n")
    if '"' not in text:
        return text.split(delimiter.decode())
    try:
        return next(csv.reader([text], delimiter=delimiter.decode(), strict=True), [])
    except csv.Error:
        return []


def _plain(cell: str) -> str:
    return re.sub(r"[\x00-\x1f]+", " ", cell).strip()


def _name(cell: str) -> str:
    name = re.sub(r"[\s-]+", "_", cell.strip().lower())
    return "guid" if is_guid_heading(cell) and name not in COLUMNS else name


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def chunks_of(source: Source) -> Iterator[bytes]:
    """Yield what was sent, whatever it was sent as, a bounded piece at a time."""
    if isinstance(source, bytes):
        yield from (source[at : at + _PIECE] for at in range(0, len(source), _PIECE))
    elif isinstance(source, io.IOBase) or hasattr(source, "read"):
        while chunk := source.read(_PIECE):
            yield chunk
    else:
        yield from source


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Join and cut chunks so that each block ends with a line, and holds a few megabytes."""
    held: list[bytes | memoryview] = []
    size = 0
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if size + len(chunk) < _PIECE or not cut:
            held.append(chunk)
            size += len(chunk)
            continue
        yield b"".join([*held, memoryview(chunk)[:cut]])
        held, size = [chunk[cut:]], len(chunk) - cut
    last = b"".join(held)
    if last.strip():
        last = last if last.endswith(b"\n") else last + b"\n"
        yield last.replace(b"\r", b"\n") if b"\n" not in last[:-1] and b"\r" in last else last


def _first_line(blocks: Iterator[bytes]) -> tuple[int, bytes, bytes]:
    """Return the number and the text of the first line that holds anything, and what follows it."""
    number = 1
    for block in blocks:
        rest = block
        while rest:
            line, _, rest = rest.partition(b"\n")
            if line.strip():
                return number, line.rstrip(b"\r"), rest
            number += 1
    raise FileRefused(FileProblem.EMPTY)


def _workbook_lines(data: bytes) -> Iterator[bytes]:
    """Write the first sheet as lines of text; a row keeps its number."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    written = 0
    for number, cells in read_rows(data):
        buffer.write("\n" * (number - written - 1))
        written = number
        writer.writerow(_trimmed(cells))
        if buffer.tell() > _PIECE:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _trimmed(cells: Sequence[str]) -> list[str]:
    return [_plain(cell) for cell in cells]
