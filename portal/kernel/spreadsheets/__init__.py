"""Files that people send and take away: text, CSV and workbooks."""

from __future__ import annotations

from portal.kernel.spreadsheets.columns import GuidColumn, read_guid_column, read_rows
from portal.kernel.spreadsheets.files import LARGEST_FILE, FileProblem, FileRefused
from portal.kernel.spreadsheets.workbooks import Row
from portal.kernel.spreadsheets.writing import csv_safe, stream_csv, stream_xlsx, write_xlsx

__all__ = [
    "LARGEST_FILE",
    "FileProblem",
    "FileRefused",
    "GuidColumn",
    "Row",
    "csv_safe",
    "read_guid_column",
    "read_rows",
    "stream_csv",
    "stream_xlsx",
    "write_xlsx",
]
