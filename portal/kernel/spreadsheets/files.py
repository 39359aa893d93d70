"""What kind of file somebody has sent, and the plain words for what cannot be read."""

from __future__ import annotations

from enum import StrEnum
from typing import BinaryIO, Final

from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets.texts import encoding_of

MEGABYTE: Final = 1024 * 1024
#: A million GUIDs with a few columns beside them fit well within this.
LARGEST_FILE: Final = 128 * MEGABYTE
MOST_LINES: Final = 8_000_000
"""As many GUIDs as fit a file of this size: more lines are empty ones, and would take gigabytes."""

_LOOKED_AT: Final = 2048
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_BINARY_BEGINNINGS: Final = (
    b"%PDF",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"{\\rtf",
)
_PAGE_BEGINNINGS: Final = (b"<html", b"<!doctype html", b"<table", b"<?xml")


class FileProblem(StrEnum):
    """Why a file cannot be read at all."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    BINARY = "BINARY"
    ENCRYPTED = "ENCRYPTED"
    LEGACY_WORKBOOK = "LEGACY_WORKBOOK"
    BINARY_WORKBOOK = "BINARY_WORKBOOK"
    OPEN_DOCUMENT = "OPEN_DOCUMENT"
    OTHER_WORKBOOK = "OTHER_WORKBOOK"
    WEB_PAGE = "WEB_PAGE"
    UNPACKS_TOO_LARGE = "UNPACKS_TOO_LARGE"
    DAMAGED = "DAMAGED"
    NO_GUID_COLUMN = "NO_GUID_COLUMN"
    TWO_GUID_COLUMNS = "TWO_GUID_COLUMNS"


_ADVICE: Final = {
    FileProblem.EMPTY: "The file is empty.",
    FileProblem.TOO_LARGE: "The file is too large. Send the GUIDs alone, or split the file.",
    FileProblem.BINARY: "This is neither text nor a workbook. Send a CSV, text or .xlsx file.",
    FileProblem.ENCRYPTED: "The workbook is protected by a password. Save it without one and send it again.",
    FileProblem.LEGACY_WORKBOOK: "This is an old .xls workbook. Save it as .xlsx or CSV and send it again.",
    FileProblem.BINARY_WORKBOOK: (
        "This is a binary workbook (.xlsb). In Excel choose Save As, Excel Workbook (.xlsx), and send that."
    ),
    FileProblem.OPEN_DOCUMENT: (
        "This is an OpenDocument file (.ods). Choose Save As, Excel 2007-365 (.xlsx) or CSV, and send that."
    ),
    FileProblem.WEB_PAGE: (
        "This is a web page or XML with the name of a workbook. "
        "Open it in Excel, save it as .xlsx or CSV, and send that."
    ),
    FileProblem.OTHER_WORKBOOK: "This is not an .xlsx workbook. Save it as .xlsx or CSV and send it again.",
    FileProblem.UNPACKS_TOO_LARGE: (
        "The workbook spreads over too many cells. Copy the GUIDs to a new workbook, or save it as CSV."
    ),
    FileProblem.DAMAGED: "The file is damaged or incomplete. Save it again as .xlsx or CSV and send that.",
    FileProblem.NO_GUID_COLUMN: "No column holds GUIDs. Head the column of hub GUIDs with the word GUID.",
    FileProblem.TWO_GUID_COLUMNS: "Two columns may hold the hub GUIDs. Leave one of them in the file.",
}


class FileRefused(BadInput):
    """The file cannot be read; `problem` says why, and the message what to do."""

    code = "unreadable_file"

    def __init__(self, problem: FileProblem, details: str = "") -> None:
        super().__init__(f"{details} {_ADVICE[problem]}".strip(), facts={"problem": problem.value})
        self.problem = problem


def read_all(source: bytes | BinaryIO, *, largest: int = LARGEST_FILE) -> bytes:
    """Read a file into memory, and no further than the limit.

    Raises:
        FileRefused: EMPTY or TOO_LARGE.
    """
    data = source if isinstance(source, bytes) else source.read(largest + 1)
    if len(data) > largest:
        raise FileRefused(FileProblem.TOO_LARGE)
    if not data.strip():
        raise FileRefused(FileProblem.EMPTY)
    if _lines_at_most(data) > MOST_LINES:
        raise FileRefused(FileProblem.TOO_LARGE)
    return data


def _lines_at_most(data: bytes) -> int:
    """Count what may become a line: in a text of one line alone, whatever stands between separators."""
    ends = max(data.count(b"\n"), data.count(b"\r"))
    return ends or max(data.count(mark) for mark in (b",", b";", b"\t"))


def is_workbook(data: bytes) -> bool:
    """Tell a workbook from text.

    Raises:
        FileRefused: ENCRYPTED, LEGACY_WORKBOOK, WEB_PAGE or BINARY: it is neither.
    """
    if data.startswith(_ZIP):
        return True
    if data.startswith(_OLE):
        is_encrypted = _ENCRYPTED_PACKAGE in data
        raise FileRefused(FileProblem.ENCRYPTED if is_encrypted else FileProblem.LEGACY_WORKBOOK)
    if data.startswith(_BINARY_BEGINNINGS) or encoding_of(data) is None:
        raise FileRefused(FileProblem.BINARY)
    beginning = data[:_LOOKED_AT].lstrip().lower()
    if beginning.startswith(_PAGE_BEGINNINGS) or b"urn:schemas-microsoft-com:office:spreadsheet" in beginning:
        raise FileRefused(FileProblem.WEB_PAGE)
    return False
