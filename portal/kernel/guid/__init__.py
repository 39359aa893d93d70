"""GUIDs of Communications Hubs: one value, and lists of them by the million."""

from __future__ import annotations

from portal.kernel.guid.lists import (
    ListProblem,
    ParsedList,
    format_block,
    format_many,
    is_guid_heading,
    lines_of,
    parse_block,
    parse_rows,
    parse_texts,
    shown,
    to_db,
)
from portal.kernel.guid.value import Guid, GuidProblem, NotAGuid, guid_sql, read

__all__ = [
    "Guid",
    "GuidProblem",
    "ListProblem",
    "NotAGuid",
    "ParsedList",
    "format_block",
    "format_many",
    "guid_sql",
    "is_guid_heading",
    "lines_of",
    "parse_block",
    "parse_rows",
    "parse_texts",
    "read",
    "shown",
    "to_db",
]
