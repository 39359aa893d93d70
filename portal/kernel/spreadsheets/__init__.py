"""Files that people send and take away: text, CSV and workbooks."""

from __future__ import annotations

from portal.kernel.spreadsheets.columns import (
    SHEET_STEP,
    GuidColumn,
    read_guid_column,
    read_rows,
    read_tables,
)
from portal.kernel.spreadsheets.files import LARGEST_FILE, FileProblem, FileRefused
from portal.kernel.spreadsheets.tables import ROW_KINDS, NotRead, NotReadKind, Row, Table
from portal.kernel.spreadsheets.texts import text_of
from portal.kernel.spreadsheets.writing import csv_safe, stream_csv, stream_xlsx, write_xlsx

__all__ = [
    "LARGEST_FILE",
    "ROW_KINDS",
    "SHEET_STEP",
    "FileProblem",
    "FileRefused",
    "GuidColumn",
    "NotRead",
    "NotReadKind",
    "Row",
    "Table",
    "csv_safe",
    "read_guid_column",
    "read_rows",
    "read_tables",
    "stream_csv",
    "stream_xlsx",
    "text_of",
    "write_xlsx",
]
