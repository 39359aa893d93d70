"""Workbooks as they really arrive: by xlsxwriter, by openpyxl, and by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, Final

import openpyxl
import xlsxwriter

from portal.kernel.spreadsheets import FileProblem
from tests.lists.corpus import GPFS, HEADING, HUBS, Case

A, B, C, D, E = HUBS[:5]
Rows = Sequence[Sequence[object]]


def written(*sheets: tuple[str, Rows], change: Callable[[Any], None] | None = None) -> bytes:
    """Write a workbook with xlsxwriter."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        if change:
            change(book)
    return target.getvalue()


def opened(rows: Rows, change: Callable[[Any], None] | None = None) -> bytes:
    """Write a workbook with openpyxl."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Hubs"
    for row in rows:
        sheet.append(list(row))
    if change:
        change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def rewritten(data: bytes, change: Callable[[bytes], bytes], *, name: Callable[[str], str] = str) -> bytes:
    """Write the parts of a workbook again, changed and under other names."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for part in source.namelist():
            info = zipfile.ZipInfo("part")
            info.filename = name(part)
            copy.writestr(info, change(source.read(part)))
    return target.getvalue()


def archive(*names: str) -> bytes:
    """Write an archive of empty parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as parts:
        for name in names:
            parts.writestr(name, b"")
    return target.getvalue()


def _hide_rows(*numbers: int) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        for number in numbers:
            book.active.row_dimensions[number].hidden = True

    return change


def _filter(book: Any) -> None:
    sheet = book.worksheets()[0]
    sheet.autofilter("A1:B4")
    sheet.filter_column("B", "x == keep")
    sheet.set_row(2, None, None, {"hidden": True})


def _collapse(book: Any) -> None:
    sheet = book.worksheets()[0]
    sheet.set_row(2, None, None, {"level": 1, "hidden": True})
    sheet.set_row(3, None, None, {"collapsed": True})


def _hide_column(letter: str) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book.active.column_dimensions[letter].hidden = True

    return change


def _merge(reference: str) -> Callable[[Any], None]:
    return lambda book: book.active.merge_cells(reference)


_STRICT: Final = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
}


def _strict(part: bytes) -> bytes:
    for usual, strict in _STRICT.items():
        part = part.replace(usual, strict)
    return part


def _far(reference: bytes) -> bytes:
    return rewritten(written(("Hubs", LIST)), lambda part: part.replace(b'r="B3"', b'r="' + reference + b'"'))


LIST: Final = [["GUID", "Note"], [A, "x"], [B, "y"]]
_OLE: Final = bytes.fromhex("D0CF11E0A1B11AE1")

WORKBOOKS: Final = [
    Case("workbook", written(("Hubs", LIST)), (0, 1), not_read=HEADING),
    Case("by openpyxl", opened(LIST), (0, 1), not_read=HEADING),
    Case("two sheets", written(("Hubs", LIST), ("More", [["GUID"], [C], ["?"], [D]])), (0, 1, 2, 3),
         (("More", 3),), (("HEADING", 1), ("HEADING", 1))),
    Case("sheet without hubs", written(("Hubs", LIST), ("Notes", [["Read", "me"], ["now", 1]])), (0, 1), (),
         (("HEADING", 1), ("SHEET", 2))),
    Case("hidden sheet", written(("Hubs", LIST), ("Old", [["GUID"], [C], [D]]),
                                 change=lambda book: book.worksheets()[1].hide()),
         (0, 1), not_read=(("HEADING", 1), ("HIDDEN_SHEET", 3))),
    Case("very hidden sheet", written(("Hubs", LIST), ("Old", [["GUID"], [C]]),
                                      change=lambda book: book.worksheets()[1].very_hidden()),
         (0, 1), not_read=(("HEADING", 1), ("HIDDEN_SHEET", 2))),
    Case("rows under a filter", written(("Hubs", [*LIST, [C, "z"]]), change=_filter), (0, 2), (),
         (("HEADING", 1), ("HIDDEN_ROWS", 1))),
    Case("collapsed group", written(("Hubs", [*LIST, [C, "z"]]), change=_collapse), (0, 2), (),
         (("HEADING", 1), ("HIDDEN_ROWS", 1))),
    Case("hidden rows", opened([*LIST, [C, "z"], [D, "z"]], _hide_rows(3, 4)), (0, 3), (),
         (("HEADING", 1), ("HIDDEN_ROWS", 2))),
    Case("hidden heading", opened(LIST, _hide_rows(1)), (0, 1), not_read=(("HIDDEN_ROWS", 1),)),
    Case("hidden column beside", opened(LIST, _hide_column("B")), (0, 1), not_read=(("HEADING", 1), ("HIDDEN_COLUMN", 0))),
    Case("hidden column of guids", opened(LIST, _hide_column("A")), problem=FileProblem.NO_GUID_COLUMN, says="hidden"),
    Case("hidden one of two", opened([["GUID", "Old GUID"], [A, C], [B, D]], _hide_column("B")), (0, 1), (),
         (("HEADING", 1), ("HIDDEN_COLUMN", 0))),
    Case("formulas without a value", opened([["GUID", "x"], [A, 1], ["=B9", 2], ["=CONCATENATE(B1,B2)", 3]]), (0,),
         (3, 4), HEADING, says="formula"),
    Case("formula alone in its row", opened([["GUID"], [A], ["=X9"], [B]]), (0, 1), (3,), HEADING, says="formula"),
    Case("formula with its value", written(("Hubs", LIST), change=lambda book: book.worksheets()[0].write_formula(
        3, 0, '=UPPER("x")', None, C)), (0, 1, 2), not_read=HEADING),
    Case("errors", written(("Hubs", LIST), change=lambda book: book.worksheets()[0].write_formula(
        3, 0, "=NA()", None, "#N/A")), (0, 1), (4,), HEADING, says="error"),
    Case("merged cells", opened([*LIST, [None, "z"], [C, "x"]], _merge("A3:A4")), (0, 1, 2), (4,), HEADING, says="merged"),
    Case("merged across", opened([["Note", "GUID"], ["x", A], ["y", None], ["z", B]], _merge("A3:B3")), (0, 1), (3,),
         HEADING, says="empty"),
    Case("empty cell", opened([*LIST, [None, "who"], [C, "x"]]), (0, 1, 2), (4,), HEADING, says="who"),
    Case("numbers that were guids", opened([["GUID"], [A], [1234567890123456], [11223344556677]]), (0,), (3, 4), HEADING),
    Case("title above", opened([["Hubs of March"], [], ["GPF GUID", "GUID"], [GPFS[0], A], [GPFS[1], B]]), (0, 1), (),
         (("ABOVE_HEADING", 1), ("HEADING", 1), ("COLUMN", 0))),
    Case("along a row", opened([["GUID", A, B, C]]), (0, 1, 2)),
    Case("heading twice", opened([["GUID", "GUID"], [A, B], [C, D]]), problem=FileProblem.TWO_GUID_COLUMNS, says="Hubs"),
    Case("marks and spaces", opened([["GUID"], [f"\u200e{A}"], [f"{B}\u00a0"], [C.replace("A", "\u0410")]]), (0, 1, 2),
         not_read=HEADING),
    Case("backslashes", rewritten(written(("Hubs", LIST)), bytes, name=lambda part: part.replace("/", "\\")), (0, 1),
         not_read=HEADING),
    Case("backslashes and a filter", rewritten(written(("Hubs", [*LIST, [C, "z"]]), change=_filter), bytes,
                                               name=lambda part: part.replace("/", "\\")),
         (0, 2), not_read=(("HEADING", 1), ("HIDDEN_ROWS", 1))),
    Case("strict", rewritten(written(("Hubs", LIST)), _strict), (0, 1), not_read=HEADING),
    Case("with macros", rewritten(written(("Hubs", LIST)), lambda part: part.replace(
        b"spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml")), (0, 1), not_read=HEADING, ending="xlsm"),
    Case("binary workbook", archive("xl/workbook.bin"), problem=FileProblem.BINARY_WORKBOOK, says="Save As", ending="xlsb"),
    Case("OpenDocument", archive("mimetype", "content.xml"), problem=FileProblem.OPEN_DOCUMENT, says="Save As", ending="ods"),
    Case("old workbook", _OLE + bytes(600), problem=FileProblem.LEGACY_WORKBOOK, says="Save it as", ending="xls"),
    Case("password", _OLE + bytes(99) + "EncryptedPackage".encode("utf-16-le"), problem=FileProblem.ENCRYPTED,
         says="password"),
    Case("cell far away", _far(b"O1048576"), problem=FileProblem.UNPACKS_TOO_LARGE),
    Case("cut off", written(("Hubs", LIST))[:3000], problem=FileProblem.DAMAGED),
    Case("nothing in it", written(("Hubs", [])), problem=FileProblem.EMPTY),
]  # fmt: skip
