"""CSV and XLSX files, row by row, that open safely in a spreadsheet."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import chain, islice
from typing import IO, Final, TypeAlias

import xlsxwriter

Cells: TypeAlias = Sequence[object]

_ROWS_A_CHUNK: Final = 2000
_PIECE: Final = 64 * 1024
_MOST_ROWS: Final = 1_048_576
_WIDTH: Final = 26
# What makes a spreadsheet take a text for a formula, its full-width forms included.
FORMULA_BEGINNINGS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def csv_safe(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: a text that could be one gets an apostrophe.

    Numbers stay numbers, None becomes empty, and times are spelt in UTC.
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_BEGINNINGS) else value
    return _plain(value)


def stream_csv(rows: Iterable[Cells], *, header: Cells = (), with_mark: bool = False) -> Iterator[bytes]:
    """Yield a CSV file in UTF-8, piece by piece; `with_mark` lets Excel know the encoding."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    safe = ([csv_safe(cell) for cell in row] for row in chain([header] if header else [], rows))
    if with_mark:
        buffer.write("\ufeff")
    while chunk := list(islice(safe, _ROWS_A_CHUNK)):
        writer.writerows(chunk)
        yield buffer.getvalue().encode("utf-8")
        buffer.seek(0)
        buffer.truncate()


def write_xlsx(target: IO[bytes], rows: Iterable[Cells], *, header: Cells, title: str = "Hubs") -> int:
    """Write a workbook and return how many rows it has; more than a sheet holds go on in the next one.

    Texts are written as texts, so that a GUID stays a GUID and nothing becomes a formula or a link.
    """
    options = {
        "constant_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    source = iter(rows)
    written, sheets = 0, 0
    with xlsxwriter.Workbook(target, options) as workbook:
        bold = workbook.add_format({"bold": True})
        while (chunk := next(source, None)) is not None or sheets == 0:
            sheets += 1
            sheet = workbook.add_worksheet(title if sheets == 1 else f"{title} {sheets}")
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, max(len(header) - 1, 0), _WIDTH)
            sheet.write_row(0, 0, [_plain(cell) for cell in header], bold)
            here = chain([] if chunk is None else [chunk], islice(source, _MOST_ROWS - 2))
            for number, row in enumerate(here, start=1):
                _write_row(sheet, number, row)
                written += 1
    return written


def stream_xlsx(rows: Iterable[Cells], *, header: Cells, title: str = "Hubs") -> Iterator[bytes]:
    """Write a workbook to a temporary file, then yield it piece by piece."""
    with tempfile.TemporaryFile() as target:
        write_xlsx(target, rows, header=header, title=title)
        target.seek(0)
        while piece := target.read(_PIECE):
            yield piece


def _write_row(sheet: xlsxwriter.worksheet.Worksheet, number: int, row: Cells) -> None:
    for column, cell in enumerate(row):
        plain = _plain(cell)
        if isinstance(plain, str):
            sheet.write_string(number, column, plain)
        else:
            sheet.write_number(number, column, plain)


def _plain(value: object) -> str | int | float:
    """Spell a value that is neither text nor number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, int | float) else str(value)
