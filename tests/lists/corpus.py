"""Lists of hubs as they really arrive, each with the receipt that is expected of it.

The hubs are the first nine of `tests.factories.world`, all of one Supplier. Texts are made here by hand; the
workbooks are in `tests.lists.workbooks`.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

from portal.kernel.spreadsheets import FileProblem

HUBS: Final = [f"00-DB-12-34-00-00-00-0{number}" for number in range(9)]
GPFS: Final = [f"00-DB-12-CC-00-00-00-0{number}" for number in range(9)]


@dataclass(frozen=True, slots=True)
class Case:
    """A file, and what is to come of it.

    `taken` are numbers of hubs; `refused` lines, as a number or as (sheet, number); `not_read` kinds with the
    rows of each; `says` stands in the reason of a line, or in the refusal of the whole file, which `problem`
    names.
    """

    name: str
    data: bytes
    taken: tuple[int, ...] = ()
    refused: tuple[int | tuple[str, int], ...] = ()
    not_read: tuple[tuple[str, int], ...] = ()
    problem: FileProblem | None = None
    says: str = ""
    ending: str = "csv"


def text(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return (end.join(lines) + end).encode(encoding)


A, B, C, D, E = HUBS[:5]
HEADING = (("HEADING", 1),)
_TABLE = ("guid,note", f"{A},£5", f"{B},x")
_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2069\ufeff\u00a0\u200b\u200d\u00ad"

TEXTS: Final = [
    Case("plain", text(A, B), (0, 1), ending="txt"),
    Case("plain with heading", text("GUID", A, B), (0, 1), not_read=HEADING),
    Case("empty lines", text("", A, "", "  ", B), (0, 1)),
    Case("bad line", text(A, "nonsense", B), (0, 1), (2,)),
    Case("heading lower down", text(A, "GUID", B), (0, 1), (2,)),
    Case("title above a plain list", text("Hubs of March", "GUID", A), (0,), (1,), HEADING),
    Case("repeat", text(A, B, A), (0, 1), (3,), says="Already earlier"),
    Case("columns", text(*_TABLE), (0, 1), not_read=HEADING),
    Case("semicolons", text("guid;note", f"{A};x", f"{B};y"), (0, 1), not_read=HEADING),
    Case("tabs pasted", text(f"{A}\tLeeds", f"{B}\tYork"), (0, 1)),
    Case("two columns pasted", text("gpf_guid\tguid", f"{GPFS[0]}\t{A}", f"{GPFS[1]}\t{B}"), (0, 1),
         not_read=(("HEADING", 1), ("COLUMN", 0))),
    Case("gpf before guid", text("gpf_guid,guid", f"{GPFS[0]},{A}", f"{GPFS[1]},{B}"), (0, 1),
         not_read=(("HEADING", 1), ("COLUMN", 0))),
    Case("title above headings", text("Hubs of March,,", "gpf_guid,guid,x", f"{GPFS[0]},{A},", f"{GPFS[1]},{B},"),
         (0, 1), not_read=(("ABOVE_HEADING", 1), ("HEADING", 1), ("COLUMN", 0))),
    Case("gpf without a heading for the hub", text("GPF,Serial", f"{GPFS[0]},{A}", f"{GPFS[1]},{B}"), (0, 1),
         not_read=(("HEADING", 1), ("COLUMN", 0))),
    Case("heading twice", text("guid,guid", f"{A},{B}", f"{C},{D}"), problem=FileProblem.TWO_GUID_COLUMNS,
         says="A “guid” and B “guid”"),
    Case("heading twice, alike", text("guid,guid", f"{A},{A}", f"{C},{C}"), (0, 2),
         not_read=(("HEADING", 1), ("COLUMN", 0))),
    Case("heading twice, one empty", text("guid,guid", f",{A}", f",{B}"), (0, 1), not_read=HEADING),
    Case("along one row", text(",".join([A, B, C])), (0, 1, 2)),
    Case("along one row with a label", text(",".join(["GUID", A, B])), (0, 1)),
    Case("along one line without an end", f"{A},{B},oops".encode(), (0, 1), (3,)),
    Case("two a line", text(f"{A}, {B}", f"{C}, {D}"), (0, 1, 2, 3)),
    Case("two a line and a bad one", text(f"{A},{B}", f"{C},zz", f"{D},{E}"), (0, 1, 2, 3, 4), (2,)),
    Case("empty cell, others filled", text("guid,note", f"{A},x", ",who am I", f"{B},y"), (0, 1), (3,), HEADING,
         says="who am I"),
    Case("empty rows of a spreadsheet", text("guid,note", f"{A},x", ",", ",,,", f"{B},y"), (0, 1),
         not_read=HEADING),
    Case("short row", text("note,guid", f"x,{A}", "alone", f"y,{B}"), (0, 1), (3,), HEADING, says="alone"),
    Case("two quotes left open", text("guid,note", f'{A},"x', f"{B},x", f"{C},x", f'{D},"y', f"{E},x"),
         (1, 2, 4), (2, 5), HEADING, says="quotation mark"),
    Case("quote inside a field", text("guid,note", f'{A},5" pipe', f"{B},x"), (0, 1), not_read=HEADING),
    Case("quote inside a guid", text(A, f'{B[:5]}"{B[5:]}'), (0,), (2,)),
    Case("lone quote at the end", text("guid,note", f"{A},x", '"'), (0,), (3,), HEADING, says="quotation mark"),
    Case("lone quote in a plain list", text(A, '"'), (0,), (2,), says="quotation mark"),
    Case("quoted guids", text("guid,note", f'"{A}","a, b"', f'"{B}","c ""d"" e"'), (0, 1), not_read=HEADING),
    Case("line end within a note", text("guid,note", f'{A},"two', 'lines"', f"{B},x"), (0, 1), not_read=HEADING),
    Case("line end within a heading", text('"Hub', 'GUID",note', f"{A},x"), (0,), not_read=HEADING),
    Case("hint to Excel", text("sep=;", "guid;note", f"{A};x"), (0,), not_read=(("ABOVE_HEADING", 1), ("HEADING", 1))),
    Case("Excel's damage", text("guid", A, "1.23457E+15", "11223344556677", "#N/A", "=A2"), (0,), (3, 4, 5, 6), HEADING),
    Case("UTF-8 with a mark", codecs.BOM_UTF8 + text(*_TABLE), (0, 1), not_read=HEADING),
    Case("UTF-16 with a mark", text(*_TABLE, encoding="utf-16"), (0, 1), not_read=HEADING),
    Case("UTF-16 LE without a mark", text(*_TABLE, encoding="utf-16-le"), (0, 1), not_read=HEADING),
    Case("UTF-16 BE without a mark", text(*_TABLE, encoding="utf-16-be"), (0, 1), not_read=HEADING),
    Case("UTF-32", text(*_TABLE, encoding="utf-32"), (0, 1), not_read=HEADING),
    Case("Windows-1252 with a pound", text(*_TABLE, encoding="cp1252"), (0, 1), not_read=HEADING),
    Case("Windows-1252 dashes", text(A.replace("-", "\u2013"), B, encoding="cp1252"), (0, 1)),
    Case("UTF-8 and Windows-1252 in one file", text(A.replace("-", "\u2013")) + text("£", encoding="cp1252"), (0,), (2,)),
    Case("Mac line ends", text("guid", A, B, end="\r"), (0, 1), not_read=HEADING),
    Case("Mac line ends in columns", text(*_TABLE, end="\r"), (0, 1), not_read=HEADING),
    Case("mixed line ends", f"guid\r\n{A}\r{B}\n{C}\r\n".encode(), (0, 1, 2), not_read=HEADING),
    Case("NUL around and within", f"{A}\0\n\0{B}\n00-DB\0-12\n".encode(), (0, 1), (3,)),
    Case("Ctrl-Z at the end", text(A, B) + b"\x1a", (0, 1)),
    Case("marks around", text(*(f"{mark}{HUBS[n % 9]}{mark}" for n, mark in enumerate(_MARKS[:9]))), tuple(range(9))),
    Case("the other marks around", text(*(f"{mark}{HUBS[n]}{mark}" for n, mark in enumerate(_MARKS[9:]))),
         tuple(range(len(_MARKS) - 9))),
    Case("full-width digits", text(A.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEF"}), B), (0, 1)),
    Case("Cyrillic letter", text(A, B.replace("B", "\u0412")), (0,), (2,), says="CYRILLIC CAPITAL LETTER VE"),
    Case("direction turned within", text(A, f"{B[:9]}\u202e{B[9:]}"), (0,), (2,), says="RIGHT-TO-LEFT OVERRIDE"),
    Case("every spelling", text(A.replace("-", ""), B.replace("-", ":"), C.lower(), f"0x{D.replace('-', '')}",
                                E.replace("-", " ")), (0, 1, 2, 3, 4)),
    Case("uneven groups", text(A, "00-DB1234-0000-0001", "00DB-12-34-00-00-00-01"), (0,), (2, 3), says="even groups"),
    Case("no column", text("town,size", "Leeds,5", "York,6"), problem=FileProblem.NO_GUID_COLUMN),
    Case("nothing", b" \r\n", problem=FileProblem.EMPTY),
    Case("web page named as a workbook", b"<html><table><tr><td>x", problem=FileProblem.WEB_PAGE, ending="xls"),
    Case("picture", b"\x89PNG\r\n\x1a\n....", problem=FileProblem.BINARY, ending="png"),
]  # fmt: skip
