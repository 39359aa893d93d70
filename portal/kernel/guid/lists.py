"""Lists of GUIDs, by the million: text to database integers and back.

Lines of one length and one spelling are read together, as columns of an array; only what remains is read
one by one. Both ways give the same answer: a property test holds them equal.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.kernel.guid.value import OFFSET, GuidProblem, advice_on, problem_of, read

Int64s: TypeAlias = npt.NDArray[np.int64]
Bytes: TypeAlias = npt.NDArray[np.uint8]

# Headings under which GUIDs are found, compared without case, spaces and punctuation.
_HUB = "(?:chf?|(?:comm(?:unication)?s)?hub|device)"
_HEADING: Final = re.compile(f"{_HUB}?(?:device)?(?:guid|id|eui(?:64)?)s?|{_HUB}s?")

_CHUNK: Final = 65_536
_FEWEST_ALIKE: Final = 32
_LONGEST_ALIKE: Final = 64
_SPELLINGS_TRIED: Final = 8
_SAMPLES: Final = 16
_TEXT_KEPT: Final = 60
_INVALID: Final = 256
_WORD: Final = re.compile(r"[^,;\s]+")
_SINGLE_LINE_SEPARATORS: Final = bytes.maketrans(b",;\t", b"\n\n\n")

_OWN_SPELLING: Final = b"00-00-00-00-00-00-00-00"
_HEX = rb"[0-9A-Fa-f]"
_SEPARATOR = rb"(?:[-:. ]|\xe2\x80[\x90-\x94]|\xe2\x88\x92)"
_SPELLING: Final = re.compile(
    rb"""[ \t"']{0,2}=?[ \t"']{0,2}(?:0[xX])?"""
    rb"(?:H{16}|H{2}(?P<two>S)H{2}(?:(?P=two)H{2}){6}|H{4}(?P<four>S)H{4}(?:(?P=four)H{4}){2})"
    rb"""[ \t"',;]{0,4}""".replace(b"H", _HEX).replace(b"S)", _SEPARATOR + b")")
)


@dataclass(frozen=True, slots=True)
class ListProblem:
    """A line that is not a GUID: where it stands, what stands there, and what is wrong."""

    line: int
    text: str
    code: GuidProblem
    detail: str = ""

    @property
    def advice(self) -> str:
        """What is wrong and what to do about it."""
        return self.detail or self.code.advice


@dataclass(frozen=True, slots=True)
class ParsedList:
    """What a list of GUIDs holds: the stored integers with their line numbers, and the problems, by line.

    `heading` is the line that was passed over as the heading; 0 where there is none.
    """

    values: Int64s
    lines: Int64s
    problems: tuple[ListProblem, ...] = ()
    heading: int = 0

    def __len__(self) -> int:
        return len(self.values)

    def at_lines(self, numbers: Sequence[int]) -> ParsedList:
        """Number the lines again: line n becomes the n-th of `numbers`."""
        known = np.asarray(numbers, dtype=np.int64)
        problems = tuple(replace(problem, line=numbers[problem.line - 1]) for problem in self.problems)
        return ParsedList(self.values, known[self.lines - 1], problems)


def parse_texts(texts: Sequence[str]) -> ParsedList:
    """Read one GUID a text; the first is line 1, an empty one is a gap, and none is taken for a heading."""
    return _parsed(("\n".join(texts) if _are_lines(texts) else _as_lines(texts)).encode("utf-8", "replace"))


def parse_block(data: str | bytes, *, may_have_heading: bool = True) -> ParsedList:
    """Read a list of GUIDs, one a line, or in one line between commas, semicolons or tabs.

    Empty lines count but hold nothing; the first heading above all GUIDs is passed over.
    """
    return _parsed(lines_of(data), may_have_heading=may_have_heading)


def _parsed(block: bytes, *, may_have_heading: bool = False) -> ParsedList:
    if not block:
        return ParsedList(_no_int64s(), _no_int64s())
    ended = block if block.endswith(b"\n") else block + b"\n"
    return _BlockReader(ended, may_have_heading=may_have_heading).parsed()


def _are_lines(texts: Sequence[str]) -> bool:
    return not any("\n" in text for text in texts)


def _as_lines(texts: Sequence[str]) -> str:
    return "\n".join(text.replace("\n", " ") for text in texts)


def parse_rows(texts: Bytes) -> tuple[Int64s, npt.NDArray[np.bool_]]:
    """Read texts of 23 characters, one a row, where they are GUIDs in our own spelling; tell which are."""
    octets = np.empty((len(texts), 8), dtype=np.uint8)
    is_read = np.empty(len(texts), dtype=bool)
    if not len(texts):
        return _no_int64s(), is_read
    _decode(np.ascontiguousarray(texts), _OWN_SPELLING, octets, is_read)
    values = _stored(octets)
    is_read &= (values != -OFFSET) & (values != OFFSET - 1)
    return values, is_read


def format_block(values: Int64s | Sequence[int], *, separator: bytes = b"\n") -> bytes:
    """Spell stored GUIDs one after another, each followed by the separator byte."""
    stored = np.asarray(values, dtype=np.int64)
    spelt = np.empty((len(stored), 24), dtype=np.uint8)
    spelt[:, 2::3] = ord("-")
    spelt[:, 23] = ord(separator)
    octets = _octets(stored)
    spelt[:, 0::3] = _HIGH_DIGIT[octets]
    spelt[:, 1::3] = _LOW_DIGIT[octets]
    return spelt.tobytes()


def format_many(values: Int64s | Sequence[int]) -> list[str]:
    """Spell stored GUIDs."""
    return format_block(values).decode("ascii").split("\n")[:-1]


def to_db(values: Iterable[int]) -> Int64s:
    """Turn unsigned values into stored integers."""
    return (np.fromiter(values, dtype=np.uint64) ^ np.uint64(OFFSET)).view(np.int64)


class _BlockReader:
    """One reading of one block; lines are counted from 0 here."""

    def __init__(self, block: bytes, *, may_have_heading: bool) -> None:
        self.block = block
        self.may_have_heading = may_have_heading
        self.heading = 0
        self.buffer: Bytes = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(self.buffer == ord("\n"))
        self.starts = np.concatenate((np.zeros(1, dtype=np.int64), ends[:-1] + 1))
        self.lengths = ends - self.starts
        self.lengths -= (self.lengths > 0) & (self.buffer[ends - 1] == ord("\r"))
        self.values = np.zeros(len(ends), dtype=np.int64)
        self.is_read = np.zeros(len(ends), dtype=bool)
        self.problems: list[ListProblem] = []
        self.further: list[tuple[int, int]] = []

    def parsed(self) -> ParsedList:
        counts = np.bincount(np.minimum(self.lengths, _LONGEST_ALIKE + 1))
        for length in np.flatnonzero(counts[: _LONGEST_ALIKE + 1] >= _FEWEST_ALIKE).tolist():
            self._read_length(length)
        for line in np.flatnonzero(~self.is_read & (self.lengths > 0)).tolist():
            self._read_one(line)
        self._refuse_no_devices()
        return self._result()

    def _read_length(self, length: int) -> None:
        """Read the lines of one length, spelling after spelling, while enough of them are left."""
        left = np.flatnonzero(self.lengths == length)
        for _ in range(_SPELLINGS_TRIED):
            model = self._model_line(left)
            if model is None:
                return
            is_read = self._read_like(model, left)
            left = left[~is_read]

    def _model_line(self, lines: Int64s) -> bytes | None:
        """Find a line in a known spelling by which to read the others."""
        if len(lines) < _FEWEST_ALIKE:
            return None
        for place in np.linspace(0, len(lines) - 1, _SAMPLES, dtype=np.int64).tolist():
            line = self._line(int(lines[place]))
            if _SPELLING.fullmatch(line):
                return line
        return None

    def _read_like(self, model: bytes, lines: Int64s) -> npt.NDArray[np.bool_]:
        """Read the lines that differ from the model in their digits alone; tell which did."""
        windows = np.lib.stride_tricks.sliding_window_view(self.buffer, len(model))
        starts = self.starts[lines]
        octets = np.empty((len(lines), 8), dtype=np.uint8)
        is_read = np.empty(len(lines), dtype=bool)
        for begin in range(0, len(lines), _CHUNK):
            chunk = slice(begin, begin + _CHUNK)
            _decode(windows[starts[chunk]], model, octets[chunk], is_read[chunk])
        self.values[lines[is_read]] = _stored(octets)[is_read]
        self.is_read[lines[is_read]] = True
        return is_read

    def _line(self, line: int) -> bytes:
        start = int(self.starts[line])
        return self.block[start : start + int(self.lengths[line])]

    def _read_one(self, line: int) -> None:
        text = _decoded(self._line(line))
        value = read(text)
        if not isinstance(value, GuidProblem):
            self.values[line] = value - OFFSET
            self.is_read[line] = True
        elif value is GuidProblem.EMPTY:
            if text.count('"') % 2:
                self._refuse(line, text, GuidProblem.OPEN_QUOTE)
        elif not self._read_several(line, text):
            self._refuse(line, text, value)

    def _read_several(self, line: int, text: str) -> bool:
        """Read a line of several whole GUIDs between commas, semicolons or spaces."""
        readings = [read(word) for word in _WORD.findall(text)]
        values = [value for value in readings if not isinstance(value, GuidProblem)]
        if len(readings) < 2 or len(values) < len(readings):  # noqa: PLR2004 - several means two and more
            return False
        self.further += [(line, value - OFFSET) for value in values]
        return True

    def _refuse(self, line: int, text: str, code: GuidProblem) -> None:
        may_be_heading = self.may_have_heading and not self.heading and is_guid_heading(text)
        if may_be_heading and not self.is_read[:line].any():
            self.heading = line + 1
            return
        detail = advice_on(code, text) if code is GuidProblem.OTHER_SCRIPT else ""
        self.problems.append(ListProblem(line + 1, shown(text), code, detail))

    def _refuse_no_devices(self) -> None:
        """Sort out all zeros and all Fs, which the quick way takes for GUIDs."""
        ends_of_range = (self.values == -OFFSET) | (self.values == OFFSET - 1)
        suspects = np.flatnonzero(ends_of_range & self.is_read).tolist()
        for line in suspects:
            code = problem_of(int(self.values[line]) + OFFSET)
            if code:
                self.is_read[line] = False
                self.problems.append(ListProblem(line + 1, shown(_decoded(self._line(line))), code))
        if suspects:
            self.problems.sort(key=lambda problem: problem.line)

    def _result(self) -> ParsedList:
        lines = np.flatnonzero(self.is_read)
        values = self.values[lines]
        if self.further:
            more_lines, more_values = (
                np.array(column, dtype=np.int64) for column in zip(*self.further, strict=True)
            )
            lines = np.concatenate((lines, more_lines))
            values = np.concatenate((values, more_values))
            order = np.argsort(lines, kind="stable")
            lines, values = lines[order], values[order]
        return ParsedList(values, lines + 1, tuple(self.problems), self.heading)


def is_guid_heading(text: str) -> bool:
    """Return whether this heads a column of hub GUIDs."""
    return bool(_HEADING.fullmatch("".join(filter(str.isalnum, text)).lower()))


def shown(text: str) -> str:
    """Shorten a raw text for a list of failures, and take out what cannot be printed."""
    printable = "".join(character if character.isprintable() else " " for character in text[: _TEXT_KEPT + 1])
    return printable.strip() if len(text) <= _TEXT_KEPT else f"{printable[:_TEXT_KEPT].strip()}…"


def _decode(rows: Bytes, model: bytes, octets: Bytes, is_read: npt.NDArray[np.bool_]) -> None:
    """Fill in eight octets a row, and whether the row is spelt as the model is."""
    columns = _digit_columns(model)
    is_read[:] = True
    for column in set(range(len(model))).difference(columns):
        is_read &= rows[:, column] == model[column]
    for place, column in enumerate(columns[::2]):
        pair: npt.NDArray[np.uint16] = np.ndarray(
            (len(rows),), dtype="<u2", buffer=rows.data, offset=column, strides=(len(model),)
        )
        octet = _OCTET_OF_PAIR[pair]
        is_read &= octet < _INVALID
        octets[:, place] = octet


def _digit_columns(model: bytes) -> list[int]:
    """List where the sixteen digits stand: pairs of them side by side, whatever the spelling."""
    prefix = re.match(rb"""[ \t"'=]*(?:0[xX])?""", model)
    begin = prefix.end() if prefix else 0
    return [column for column in range(begin, len(model)) if model[column] in _HEX_CHARACTERS]


def _octets(stored: Int64s) -> Bytes:
    unsigned = stored.view(np.uint64) ^ np.uint64(OFFSET)
    return unsigned.astype(">u8").view(np.uint8).reshape(-1, 8)


def _stored(octets: Bytes) -> Int64s:
    unsigned = octets.view(">u8").ravel().astype(np.uint64)
    return (unsigned ^ np.uint64(OFFSET)).view(np.int64)


def lines_of(data: str | bytes) -> bytes:
    """Bring a text to UTF-8 lines that each end in a line feed: the lines `parse_block` counts."""
    block = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        block = block.decode("utf-16", "replace").encode("utf-8", "replace")
    block = block.removeprefix(codecs.BOM_UTF8)
    if block.count(b"\r") > block.count(b"\r\n"):  # line ends of old Macs, alone or among others
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if block and b"\n" not in block:
        block = _split_line(block)
    return block if not block or block.endswith(b"\n") else block + b"\n"


def _split_line(line: bytes) -> bytes:
    """Put each GUID of a single line on its own; the decimal comma of a damaged one separates nothing."""
    is_one = len(line) <= _LONGEST_ALIKE and read(_decoded(line)) is GuidProblem.EXCEL_EXPONENT
    return line if is_one else line.translate(_SINGLE_LINE_SEPARATORS)


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _no_int64s() -> Int64s:
    return np.zeros(0, dtype=np.int64)


def _octet_of_pair() -> npt.NDArray[np.uint16]:
    """Tabulate two characters, as a little-endian number, to an octet; 256 where they are not digits."""
    table = np.full(1 << 16, _INVALID, dtype=np.uint16)
    for high in _HEX_CHARACTERS:
        for low in _HEX_CHARACTERS:
            table[low << 8 | high] = int(bytes((high, low)), 16)
    return table


_HEX_CHARACTERS: Final = b"0123456789ABCDEFabcdef"
_OCTET_OF_PAIR: Final = _octet_of_pair()
_HIGH_DIGIT: Final = np.frombuffer(b"".join(b"%02X" % n for n in range(256)), dtype=np.uint8)[0::2].copy()
_LOW_DIGIT: Final = np.frombuffer(b"".join(b"%02X" % n for n in range(256)), dtype=np.uint8)[1::2].copy()
