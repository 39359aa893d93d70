"""How a file spells a hub: as a line of CSV, or as a line of JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final, Protocol

import orjson

from portal.kernel.spreadsheets import csv_safe

#: A member of a line, under the name it has everywhere, and its value; None where there is none.
Cells = Sequence[tuple[str, object]]


class FileSpelling(Protocol):
    """What stands between and around the GUIDs of a line, and how the other members are written."""

    begin: bytes
    after_guid: bytes
    before_gpf: bytes
    after_gpf: bytes
    no_gpf: bytes
    end: bytes
    at_a_time: int
    """So many lines are made at once: memory is that many of the longest."""

    def heading(self, columns: Sequence[str]) -> bytes:
        """Return what stands before the first line."""

    def members(self, cells: Cells, *, is_last: bool = False) -> bytes:
        """Write some members as they stand in a line."""


class CsvSpelling:
    """RFC 4180, the columns by name in the first line."""

    begin = b""
    after_guid = b","
    before_gpf = b""
    after_gpf = b","
    no_gpf = b","
    end = b"\r\n"
    at_a_time = 12_000

    def heading(self, columns: Sequence[str]) -> bytes:
        """Name the columns."""
        return _row(columns) + self.end

    def members(self, cells: Cells, *, is_last: bool = False) -> bytes:
        """Write cells with a comma behind, but for the last."""
        values = ["" if value is None else value for _, value in cells]
        texts = [("yes" if value else "no") if isinstance(value, bool) else value for value in values]
        return _row(texts) + (b"" if is_last else b",")


class JsonSpelling:
    """A JSON object a line, its members named as everywhere in the interface."""

    begin = b'{"guid":"'
    after_guid = b'"'
    before_gpf = b',"gpf_guid":"'
    after_gpf = b'"'
    no_gpf = b',"gpf_guid":null'
    end = b"}\n"
    at_a_time = 10_000

    def heading(self, columns: Sequence[str]) -> bytes:
        """Return an empty heading: every line names its members."""
        return b""

    def members(self, cells: Cells, *, is_last: bool = False) -> bytes:
        """Write members, each with a comma before it."""
        return b"," + orjson.dumps(dict(cells), option=orjson.OPT_UTC_Z)[1:-1]


CSV_LINES: Final[FileSpelling] = CsvSpelling()
JSON_LINES: Final[FileSpelling] = JsonSpelling()


def _row(cells: Sequence[object]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="").writerow([csv_safe(cell) for cell in cells])
    return buffer.getvalue().replace("\0", " ").encode()
