"""Texts in columns: their encoding, what separates the columns, and their rows.

A quoted field may hold line ends where it is closed again and hides no GUID; else the line on which it is
opened is set aside, and those after it are read by themselves: a quotation mark swallows no line.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from portal.kernel.spreadsheets.tables import Row, Table, holds_anything

_SAMPLE: Final = 50
_SAMPLE_BYTES: Final = 8192
_DELIMITERS: Final = "\t;,|"
_LONGEST_RECORD: Final = 20
_UTF_16_SHARE: Final = 0.7
_MOST_NULS: Final = 0.3
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# Tab, line ends, page feeds, and what some programs write between, around and behind texts: NUL, Ctrl-Z.
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\0\x1a"))
_GUID_WITHIN: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[-:. ]?){7}[0-9A-Fa-f]{2}")


def encoding_of(data: bytes) -> str | None:
    """Tell the encoding of a text: by its mark, by where its zero bytes stand; "" is one byte a letter."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    sample = data[:_SAMPLE_BYTES]
    pairs = len(sample) // 2
    if pairs and sample.count(0) > pairs * _UTF_16_SHARE:
        odd, even = sample[1::2].count(0), sample[0::2].count(0)
        if odd > pairs * _UTF_16_SHARE > even * 10:
            return "utf-16-le"
        if even > pairs * _UTF_16_SHARE > odd * 10:
            return "utf-16-be"
    has_controls = len(sample.translate(None, _CONTROLS)) < len(sample)
    is_binary = has_controls or sample.count(0) > len(sample) * _MOST_NULS
    return None if is_binary else ""


def text_of(data: bytes) -> str:
    """Decode text as it comes, its lines ended by line feeds: UTF-8, UTF-16 or UTF-32, else Windows-1252.

    A line that is no UTF-8 is taken for Windows-1252 by itself: files are put together from several.
    """
    if encoding := encoding_of(data):
        text = data.decode(encoding, "replace")
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = "\n".join(map(_decoded_line, data.split(b"\n")))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _decoded_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def delimiter_of(text: str) -> str | None:
    """Return what separates the columns of a text; None where each line is one."""
    if _is_separator_hint(text):
        return text[4]
    lines = [line for line in text[:65_536].split("\n") if line.strip()][:_SAMPLE]
    if not lines or "\n" not in text:  # one line alone is a list, not a table
        return None
    best, most = None, 0.0
    for delimiter in _DELIMITERS:
        counts = Counter(line.rstrip(f"{delimiter} ").count(delimiter) for line in lines)
        count, lines_alike = max(counts.items(), key=lambda item: (item[0] > 0, item[1]))
        if count and lines_alike > most and counts[0] <= len(lines) // 2:
            best, most = delimiter, lines_alike
    return best


def text_table(text: str, delimiter: str) -> Table:
    """Return a text, as `text_of` returns it, as a table."""
    table = Table(iter(()))
    table.rows = _rows(text, delimiter, table)
    return table


def _rows(text: str, delimiter: str, table: Table) -> Iterator[Row]:
    lines = text.split("\n")
    place, width = 0, 0
    if _is_separator_hint(text):
        table.hints.add(1)
        place = 1
    while place < len(lines):
        line, number = lines[place], place + 1
        place += 1
        if '"' not in line:
            cells: list[str] | None = line.split(delimiter)
        elif (cells := _cells(line, delimiter)) is None:
            cells, place = _record(lines, place - 1, delimiter, width)
        if cells is None:
            table.open_quotes.append((number, line))
        elif holds_anything(cells):
            width = width or len(cells)
            yield number, cells


def _cells(line: str, delimiter: str) -> list[str] | None:
    """Split a line that has quotation marks; None where one is left open."""
    reader = csv.reader([line, ""], delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


def _record(lines: Sequence[str], start: int, delimiter: str, width: int) -> tuple[list[str] | None, int]:
    """Read a record of several lines, and the place behind it; None, and the next line, where it is none."""
    for end in range(start + 1, min(start + _LONGEST_RECORD, len(lines))):
        if _GUID_WITHIN.search(lines[end]):
            break
        if '"' not in lines[end]:
            continue
        part = [f"{line}\n" for line in lines[start : end + 1]]
        reader = csv.reader([*part, ""], delimiter=delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            break
        if reader.line_num == len(part):
            return (cells, end + 1) if width in {0, len(cells)} else (None, start + 1)
    return None, start + 1


def _is_separator_hint(text: str) -> bool:
    """Return whether the first line is the hint to Excel which separator follows, such as sep=;."""
    return text[:4].lower() == "sep=" and text[5:6] == "\n"
