"""Sheets of an .xlsx or .xlsm workbook as tables, after a look at what it would unpack to.

# Note [Workbooks that eat the memory]
The reader lays a sheet out as a full rectangle before it gives the first row: one cell at ZZ1048576 in a
file of 8 KB asks for 23 GB, and the failed allocation ends the whole process. So every part is unpacked
here first, in pieces, its size is counted, and the rectangles of all worksheets are compared with their
cells. What such a look does not find ends the process that reads (Note [Workbooks that eat a process]).
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Collection, Iterator
from typing import Final
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from portal.kernel.spreadsheets.files import MEGABYTE, FileProblem, FileRefused
from portal.kernel.spreadsheets.tables import Row, Table, holds_anything
from portal.kernel.spreadsheets.worksheets import Worksheet, WorksheetScanner, plain_worksheet

LARGEST_UNPACKED: Final = 512 * MEGABYTE
MOST_CELLS: Final = 16_000_000
_LOOSE_CELLS: Final = 2_000_000
_LOOSEST: Final = 40
_UNPACKED_FREELY: Final = 64 * MEGABYTE
_TIGHTEST: Final = 200
_MOST_PARTS: Final = 2000
_MOST_SHEETS: Final = 256
_LARGEST_INDEX: Final = MEGABYTE
_PIECE: Final = MEGABYTE
_OVERLAP: Final = 16
_ENCRYPTED_FLAG: Final = 1
_SIGNIFICANT_DIGITS: Final = 15
_WORKBOOK: Final = "xl/workbook.xml"
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    KeyError,
    ElementTree.ParseError,
)


def workbook_tables(data: bytes) -> Iterator[Table]:
    """Yield each worksheet that holds anything, hidden ones too, as a table.

    Raises:
        FileRefused: ENCRYPTED, OTHER_WORKBOOK, BINARY_WORKBOOK, OPEN_DOCUMENT, DAMAGED or UNPACKS_TOO_LARGE.
    """
    worksheets = _worksheets(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for meta in workbook.sheets_metadata:
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(meta.name)
            worksheet = worksheets[meta.name]
            if sheet.start is not None or worksheet.notes:
                yield _table(sheet, worksheet, is_hidden=meta.visible != SheetVisibleEnum.Visible)
    except (CalamineError, KeyError) as error:
        raise FileRefused(FileProblem.DAMAGED) from error


def _table(sheet: CalamineSheet, worksheet: Worksheet, *, is_hidden: bool) -> Table:
    table = Table(iter(()), sheet.name, is_hidden)
    table.rows = _visible_rows(sheet, worksheet, table)
    return table


def _visible_rows(sheet: CalamineSheet, worksheet: Worksheet, table: Table) -> Iterator[Row]:
    """Yield the rows that are seen and hold anything, without their hidden cells, and count the others."""
    hidden = [place for place in range(worksheet.last_column) if worksheet.hides_column(place)]
    if not hidden and not worksheet.hidden_rows:
        yield from _every_row(sheet, worksheet)
        return
    for number, cells in _every_row(sheet, worksheet):
        is_hidden = number in worksheet.hidden_rows
        for place in hidden:
            if place < len(cells) and holds_anything([cells[place]]):
                table.hidden_columns.setdefault(place, cells[place])
                cells[place] = ""
                is_hidden = is_hidden or not holds_anything(cells)
        if is_hidden:
            table.hidden_rows.add(number)
        else:
            yield number, cells


def _every_row(sheet: CalamineSheet, worksheet: Worksheet) -> Iterator[Row]:
    """Yield the rows that hold anything, notes on cells without a value included."""
    number, notes = 0, worksheet.notes
    for number, values in enumerate(sheet.iter_rows() if sheet.start is not None else (), start=1):
        cells = [cell if type(cell) is str else _cell_text(cell) for cell in values]
        if number in notes:
            for place, note in notes[number].items():
                _put(cells, place, note)
        if holds_anything(cells):
            yield number, cells
    for below in sorted(row for row in worksheet.notes if row > number):
        cells = []
        for place, note in worksheet.notes[below].items():
            _put(cells, place, note)
        yield below, cells


def _put(cells: list[str], place: int, note: str) -> None:
    cells.extend([""] * (place + 1 - len(cells)))
    if not cells[place]:
        cells[place] = note


def _cell_text(cell: object) -> str:
    """Spell a cell; a number of more digits than Excel keeps is spelt so that its damage shows."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**_SIGNIFICANT_DIGITS:
        return str(int(cell))
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return f"{cell:.{_SIGNIFICANT_DIGITS}G}"
    return str(cell)


def _worksheets(data: bytes) -> dict[str, Worksheet]:
    """Unpack every part once; return what each worksheet says beside its values, by its name."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Some programs write the names of parts with backslashes.
            parts = {_path(part.filename): part for part in archive.infolist()}
            _check_directory(archive, parts, len(data))
            names = _names_by_part(archive, parts)
            worksheets = {}
            for path, part in parts.items():
                if path in names:
                    worksheets[names[path]] = _scanned(archive, part)
                    _check_areas(worksheets.values())
                else:
                    _check_part(archive, part)
            return worksheets
    except _DAMAGE as error:
        raise FileRefused(FileProblem.DAMAGED) from error


def _path(name: str, beginning: str = "/") -> str:
    return name.replace("\\", "/").lstrip(beginning).lower()


def _check_directory(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], packed: int) -> None:
    infos = archive.infolist()
    if len(parts) < len(infos):  # two parts of one name: two readers might take different ones
        raise FileRefused(FileProblem.DAMAGED)
    if any(part.flag_bits & _ENCRYPTED_FLAG for part in infos):
        raise FileRefused(FileProblem.ENCRYPTED)
    if _WORKBOOK not in parts:
        if "xl/workbook.bin" in parts:
            raise FileRefused(FileProblem.BINARY_WORKBOOK)
        raise FileRefused(FileProblem.OPEN_DOCUMENT if "mimetype" in parts else FileProblem.OTHER_WORKBOOK)
    unpacked = sum(part.file_size for part in infos)
    is_tight = unpacked > _UNPACKED_FREELY and unpacked > packed * _TIGHTEST
    if len(infos) > _MOST_PARTS or unpacked > LARGEST_UNPACKED or is_tight:
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)


def _names_by_part(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    """Find the part of each sheet: the workbook names sheets, its relations the parts."""
    targets = {
        relation.get("Id"): posixpath.normpath(posixpath.join("/xl", _path(relation.get("Target", ""), "")))
        for relation in _index(archive, parts["xl/_rels/workbook.xml.rels"])
    }
    names = {}
    for element in _index(archive, parts[_WORKBOOK]).iter():
        if element.tag.endswith("}sheet"):
            relation = next((value for key, value in element.items() if key.endswith("}id")), "")
            if relation in targets:
                names[_path(targets[relation])] = element.get("name", "")
    if len(names) > _MOST_SHEETS:
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)
    return names


def _index(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> ElementTree.Element:
    with archive.open(part) as unpacked:
        text = unpacked.read(_LARGEST_INDEX + 1)
    if len(text) > _LARGEST_INDEX or b"<!DOCTYPE" in text:
        raise FileRefused(FileProblem.DAMAGED)
    return ElementTree.fromstring(text)  # noqa: S314 - no DOCTYPE, so no entity, and a megabyte at most


def _scanned(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Worksheet:
    with archive.open(part) as unpacked:
        plain = plain_worksheet(iter(lambda: unpacked.read(_PIECE), b""))
    if plain is not None:
        sheet = plain
    else:
        scanner = WorksheetScanner()
        with archive.open(part) as unpacked:
            while piece := unpacked.read(_PIECE):
                scanner.feed(piece)
        sheet = scanner.close()
    return sheet


def _check_areas(sheets: Collection[Worksheet]) -> None:
    area = sum(sheet.area for sheet in sheets)
    if area > MOST_CELLS or area > max(_LOOSE_CELLS, _LOOSEST * sum(sheet.cells for sheet in sheets)):
        raise FileRefused(FileProblem.UNPACKS_TOO_LARGE)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack one part as far as its declared size; a part that lies about it fails its checksum."""
    tail = b""
    with archive.open(part) as unpacked:
        while piece := unpacked.read(_PIECE):
            if b"<!DOCTYPE" in tail + piece:
                raise FileRefused(FileProblem.DAMAGED)
            tail = piece[-_OVERLAP:]
