"""One line of CSV at a time: split into cells, written from them, decoded."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence


def cells_of(line: bytes, delimiter: str) -> list[str] | None:
    """Split one line into its cells, an octet a character; None where a quote is never closed."""
    text = line.decode("latin-1")
    if '"' not in text:
        return text.split(delimiter)
    # The line that follows is only there to be swallowed.
    reader = csv.reader([text, ""], delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


def written_line(cells: Sequence[str]) -> str:
    """Write cells as one line of CSV."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="").writerow([" ".join(cell.splitlines()) for cell in cells])
    return buffer.getvalue()


def decoded(octets: bytes) -> str:
    """Decode one word or line: UTF-8, else Windows-1252."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")
