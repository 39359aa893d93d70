"""Rows of an .xlsx workbook, after a look at what it would unpack to.

# Note [Workbooks that eat the memory]
The reader lays a sheet out as a full rectangle before it gives the first row: one cell at ZZ1048576 in a
file of 8 KB asks for 23 GB, and the failed allocation ends the whole process. So every part is unpacked
here first, in pieces, its size is counted, and the furthest cell is found.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final, TypeAlias

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from portal.kernel.spreadsheets.files import MEGABYTE, FileProblem, FileRefused

Row: TypeAlias = tuple[int, list[str]]

LARGEST_UNPACKED: Final = 512 * MEGABYTE
MOST_CELLS: Final = 16_000_000
_MOST_PARTS: Final = 2000
_MOST_SHEETS: Final = 20
_PIECE: Final = MEGABYTE
_OVERLAP: Final = 4096
_CELL: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_HIDDEN_CELL: Final = re.compile(rb"""\sr\s*=\s*["'][^"'<>]*&""")
_ENCRYPTED_FLAG: Final = 1
_SIGNIFICANT_DIGITS: Final = 15


def sheets_of(data: bytes) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield each visible sheet that holds anything: its name, and its rows with their numbers.

    Raises:
        FileRefused: ENCRYPTED, OTHER_WORKBOOK, DAMAGED or UNPACKS_TOO_LARGE.
    """
    _check_parts(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [sheet.name for sheet in workbook.sheets_metadata if _is_shown(sheet.typ, sheet.visible)]
        for name in names[:_MOST_SHEETS]:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.start is not None:
                yield name, _rows(sheet)
    except CalamineError as error:
        raise FileRefused(FileProblem.DAMAGED) from error


def _is_shown(kind: SheetTypeEnum, visible: SheetVisibleEnum) -> bool:
    return kind == SheetTypeEnum.WorkSheet and visible == SheetVisibleEnum.Visible


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [cell if type(cell) is str else _cell_text(cell) for cell in cells]


def _cell_text(cell: object) -> str:
    """Spell a cell; a number of more digits than Excel keeps is spelt so that its damage shows."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**_SIGNIFICANT_DIGITS:
        return str(int(cell))
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return f"{cell:.{_SIGNIFICANT_DIGITS}G}"
    return str(cell)


def _check_parts(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_directory(parts)
            for part in parts:
                _check_part(archive, part)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise FileRefused(FileProblem.DAMAGED) from error


def _check_directory(parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & _ENCRYPTED_FLAG for part in parts):
        raise FileRefused(FileProblem.ENCRYPTED)
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise FileRefused(FileProblem.OTHER_WORKBOOK)
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack one part as far as its declared size; a part that lies about it fails its checksum."""
    columns: set[bytes] = set()
    last_row, tail = 0, b""
    with archive.open(part) as unpacked:
        while piece := unpacked.read(_PIECE):
            text = tail + piece
            if b"<!DOCTYPE" in text or (b"&#" in text and _HIDDEN_CELL.search(text)):
                raise FileRefused(FileProblem.DAMAGED)
            cells = _CELL.findall(text)
            columns.update(column for column, _ in cells)
            last_row = max(last_row, max((int(row) for _, row in cells), default=0))
            tail = text[-_OVERLAP:]
    if last_row * max(map(_column_number, columns), default=1) > MOST_CELLS:
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return max(number, 1)
