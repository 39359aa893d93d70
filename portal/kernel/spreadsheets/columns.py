"""The column of GUIDs in whatever file somebody has sent: text, CSV of any make, or a workbook."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, Final

from portal.kernel.guid import (
    GuidProblem,
    ParsedList,
    is_guid_heading,
    parse_block,
    parse_texts,
    read,
    shown,
)
from portal.kernel.spreadsheets.files import (
    LARGEST_FILE,
    FileProblem,
    FileRefused,
    is_workbook,
    read_all,
    text_of,
)
from portal.kernel.spreadsheets.workbooks import Row, sheets_of

_SAMPLE: Final = 50
_DELIMITERS: Final = "\t;,|"
_MOST_COLUMNS: Final = 1000
# What Excel has done to a GUID still shows that the column was one of GUIDs.
_DAMAGED: Final = frozenset({GuidProblem.EXCEL_EXPONENT, GuidProblem.EXCEL_LOST_ZEROS})


@dataclass(frozen=True, slots=True)
class GuidColumn:
    """The GUIDs of a file, numbered by its lines, and where they were found."""

    parsed: ParsedList
    heading: str = ""
    sheet: str = ""


def read_guid_column(source: bytes | BinaryIO, *, largest: int = LARGEST_FILE) -> GuidColumn:
    """Find the column of hub GUIDs in a file and read it.

    A column is chosen by its heading, else as the first one that looks like GUIDs. Lines of the file that
    hold no GUID are problems of the list; a file without any such column is refused.

    Raises:
        FileRefused: the file cannot be read, or has no such column.
    """
    data = read_all(source, largest=largest)
    if is_workbook(data):
        return _from_workbook(data)
    text = text_of(data)
    delimiter = _delimiter(text)
    if delimiter is None:
        return GuidColumn(parse_block(text))
    column = _from_rows(_csv_rows(text, delimiter))
    if column is None:
        raise FileRefused(FileProblem.NO_GUID_COLUMN)
    return column


def read_rows(source: bytes | BinaryIO, *, largest: int = LARGEST_FILE) -> Iterator[Row]:
    """Yield the rows of a CSV file, or of the first sheet of a workbook, with their line numbers.

    Raises:
        FileRefused: the file cannot be read.
    """
    data = read_all(source, largest=largest)
    if is_workbook(data):
        for _, rows in sheets_of(data):
            yield from rows
            return
    else:
        text = text_of(data)
        yield from _csv_rows(text, _delimiter(text) or ",")


def _from_workbook(data: bytes) -> GuidColumn:
    is_empty = True
    for name, rows in sheets_of(data):
        is_empty = False
        column = _from_rows(rows)
        if column is not None:
            return GuidColumn(column.parsed, column.heading, name)
    raise FileRefused(FileProblem.EMPTY if is_empty else FileProblem.NO_GUID_COLUMN)


def _from_rows(rows: Iterator[Row]) -> GuidColumn | None:
    filled = ((number, cells) for number, cells in rows if any(cells))
    sample = list(islice(filled, _SAMPLE))
    if not sample:
        return None
    head = sample[0][1]
    has_heading = not any(_is_guid_like(cell) for cell in head)
    body = sample[1:] if has_heading else sample
    place = _place_of_guids(head if has_heading else [], [cells for _, cells in body])
    if place is None:
        return None
    lines: list[int] = []
    texts: list[str] = []
    for number, cells in chain(body, filled):
        lines.append(number)
        texts.append(" ".join(cells) if place < 0 else cells[place] if place < len(cells) else "")
    heading = shown(head[place]) if has_heading and 0 <= place < len(head) else ""
    return GuidColumn(parse_texts(texts).at_lines(lines), heading)


def _place_of_guids(head: Sequence[str], sample: Sequence[Sequence[str]]) -> int | None:
    """Choose the column; -1 is all of them, for a file that is nothing but GUIDs."""
    width = min(max((len(cells) for cells in sample), default=len(head)), _MOST_COLUMNS)
    likes = Counter(
        place for cells in sample for place, cell in enumerate(cells[:width]) if _is_guid_like(cell)
    )
    headed = [place for place, text in enumerate(head) if is_guid_heading(text)]
    if headed:
        return max(headed, key=lambda place: (likes[place], -place))
    if not head and len(likes) > 1 and _is_all_guids(sample):
        return -1
    if likes:
        most = max(likes.values())
        return min(place for place, count in likes.items() if 2 * count >= most)
    return 0 if width == 1 else None


def _is_all_guids(sample: Sequence[Sequence[str]]) -> bool:
    return all(_is_guid_like(cell) for cells in sample for cell in cells if cell.strip())


def _is_guid_like(cell: str) -> bool:
    found = read(cell)
    return not isinstance(found, GuidProblem) or found in _DAMAGED


def _delimiter(text: str) -> str | None:
    """Tell what separates the columns of a text; None where each line is one."""
    if _is_separator_hint(text):
        return text[4]
    lines = [line for line in text[:65_536].splitlines() if line.strip()][:_SAMPLE]
    if len(lines) < 2 and "\n" not in text:  # noqa: PLR2004 - one line alone is a list, not a table
        return None
    best, most = None, 0.0
    for delimiter in _DELIMITERS:
        counts = Counter(line.rstrip(f"{delimiter} ").count(delimiter) for line in lines)
        count, lines_alike = max(counts.items(), key=lambda item: (item[0] > 0, item[1]))
        if count and lines_alike > most and counts[0] <= len(lines) // 2:
            best, most = delimiter, lines_alike
    return best


def _csv_rows(text: str, delimiter: str) -> Iterator[Row]:
    # A quote that is never closed would swallow the rest of the file without a word.
    is_quoted = text.count('"') % 2 == 0
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
    )
    number = 0
    try:
        for cells in reader:
            if number or not _is_separator_hint(text):
                yield number + 1, cells
            number = reader.line_num
    except csv.Error as error:
        raise FileRefused(FileProblem.DAMAGED) from error


def _is_separator_hint(text: str) -> bool:
    """Tell whether the first line is the hint to Excel which separator follows, such as sep=;."""
    return text[:4].lower() == "sep=" and text[5:6] in {"\r", "\n"}
