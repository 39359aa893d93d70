"""Workbooks, opened in a process of their own.

# Note [Workbooks that eat a process]
A few kilobytes say "this text of 32,000 letters" a million times, or lay sheets of a million rows out one
after the other: no look beforehand finds all of it, and what reads them cannot be stopped from within. So a
process that holds nothing else opens them, with bounds on memory, time and what it may write, and so many at
a time. Where it dies of a bound the workbook is refused; the portal goes on.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

import orjson
import structlog

from portal.kernel.spreadsheets import confinement
from portal.kernel.spreadsheets.files import FileProblem, FileRefused
from portal.kernel.spreadsheets.tables import Row, RowNumbers, Table

MOST_AT_ONCE: Final = 2
"""Of one process of the portal; the next one waits."""
_PATIENCE: Final = 2 * confinement.SECONDS
_PROGRAM: Final = (sys.executable, "-I", str(Path(confinement.__file__)))
_places: Final = threading.BoundedSemaphore(MOST_AT_ONCE)
log = structlog.get_logger(__name__)


def confined_tables(data: bytes) -> Iterator[Table]:
    """Yield each worksheet that holds anything, hidden ones too, as a table; rows can be walked at any time.

    Raises:
        FileRefused: ENCRYPTED, OTHER_WORKBOOK, BINARY_WORKBOOK, OPEN_DOCUMENT, DAMAGED or UNPACKS_TOO_LARGE.
    """
    with TemporaryFile() as file:
        index = _opened(data, file)
        # Mapped, it is there until the last table is gone that is read from it.
        rows = mmap(file.fileno(), 0, access=ACCESS_READ) if file.seek(0, SEEK_END) else b""
    if "refused" in index:
        raise FileRefused(FileProblem(index["refused"]))
    for sheet in index["sheets"]:
        ranges = [(first, last) for first, last in sheet["hidden_rows"]]
        yield Table(
            _rows(rows, sheet["begin"], sheet["end"]),
            sheet["name"],
            sheet["is_hidden"],
            hidden_rows=RowNumbers(ranges, sum(last - first + 1 for first, last in ranges)),
            hidden_columns=dict(sheet["hidden_columns"]),
        )


def _opened(data: bytes, rows: IO[bytes]) -> dict[str, Any]:
    number = rows.fileno()
    try:
        with _places:
            done = subprocess.run(  # noqa: S603 - our own program
                [*_PROGRAM, str(number)],
                input=data,
                capture_output=True,
                pass_fds=[number],
                env={},
                timeout=_PATIENCE,
                check=False,
            )
    except subprocess.TimeoutExpired as late:
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE) from late
    if done.returncode < 0:  # a bound was reached, and no more could be said
        log.warning("workbook.confined", signal=-done.returncode, size=len(data))
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)
    if done.returncode:
        log.error("workbook.not_read", problem=done.stderr.decode(errors="replace")[-2000:], size=len(data))
        raise FileRefused(FileProblem.DAMAGED)
    index: dict[str, Any] = orjson.loads(done.stdout)
    return index


def _rows(lines: mmap | bytes, place: int, end: int) -> Iterator[Row]:
    while place < end:
        line_end = lines.find(b"\n", place)
        yield from ((number, cells) for number, cells in orjson.loads(lines[place:line_end]))
        place = line_end + 1
