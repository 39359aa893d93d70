"""Columns of GUIDs and of dates, read as arrays where they are in the usual form."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.kernel.guid import parse_block, read
from portal.kernel.guid.value import OFFSET, GuidProblem
from rollouts.services._inventory.files import Piece

Bools: TypeAlias = npt.NDArray[np.bool_]
Int64s: TypeAlias = npt.NDArray[np.int64]
Int32s: TypeAlias = npt.NDArray[np.int32]

GUID_LENGTH: Final = 23
_DATE_LENGTH: Final = 10
_DATE_DIGITS: Final = (0, 1, 2, 3, 5, 6, 8, 9)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
# PostgreSQL counts days from here.
_EPOCH: Final = date(2000, 1, 1).toordinal()
_BRITISH: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?: 00:00(?::00)?)?", re.ASCII)
_ISO: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ]00:00(?::00)?(?:\.0+)?Z?)?", re.ASCII)


class Guids(NamedTuple):
    """One GUID a line in database form: is there any, and is what is there one."""

    values: Int64s
    is_given: Bools
    is_good: Bools


class Days(NamedTuple):
    """One date a line, in days as PostgreSQL counts them."""

    values: Int32s
    is_given: Bools
    is_good: Bools


def guids_in(piece: Piece, column: int) -> Guids:
    """Read a column of GUIDs in whatever spelling."""
    begins, ends = piece.begins[:, column], piece.ends[:, column]
    lengths = ends - begins
    values = np.zeros(len(begins), dtype=np.int64)
    is_good = np.zeros(len(begins), dtype=bool)
    usual = np.flatnonzero(lengths == GUID_LENGTH)
    if len(usual):
        buffer = np.frombuffer(piece.block, dtype=np.uint8)
        texts = np.lib.stride_tricks.sliding_window_view(buffer, GUID_LENGTH + 1)[begins[usual]]
        texts[:, GUID_LENGTH] = ord("\n")
        parsed = parse_block(texts.tobytes())
        once = np.bincount(parsed.lines, minlength=len(usual) + 1)[parsed.lines] == 1
        rows = usual[parsed.lines[once] - 1]
        values[rows] = parsed.values[once]
        is_good[rows] = True
    for row in np.flatnonzero((lengths > 0) & (lengths != GUID_LENGTH)).tolist():
        found = read(piece.block[begins[row] : ends[row]].decode("utf-8", "replace"))
        if not isinstance(found, GuidProblem):
            values[row] = found - OFFSET
            is_good[row] = True
    return Guids(values, lengths > 0, is_good)


def days_in(piece: Piece, column: int) -> Days:
    """Read a column of dates; 2026-11-20 is the usual form, 20/11/2026 is taken too."""
    begins, ends = piece.begins[:, column], piece.ends[:, column]
    lengths = ends - begins
    values = np.zeros(len(begins), dtype=np.int32)
    is_good = np.zeros(len(begins), dtype=bool)
    usual = np.flatnonzero(lengths == _DATE_LENGTH)
    if len(usual):
        buffer = np.frombuffer(piece.block, dtype=np.uint8)
        texts = np.lib.stride_tricks.sliding_window_view(buffer, _DATE_LENGTH)[begins[usual]]
        values[usual], is_good[usual] = _usual_days(texts)
    for row in np.flatnonzero((lengths > 0) & ~is_good).tolist():
        found = read_day(piece.block[begins[row] : ends[row]].decode("utf-8", "replace"))
        if found is not None:
            values[row] = found.toordinal() - _EPOCH
            is_good[row] = True
    return Days(values, lengths > 0, is_good)


def read_day(text: str) -> date | None:
    """Read a date as people and systems write it; None when it is none."""
    bare = text.strip()
    if found := _ISO.fullmatch(bare):
        year, month, day = (int(part) for part in found.groups())
    elif found := _BRITISH.fullmatch(bare):
        day, month, year = (int(part) for part in found.groups())
    else:
        return None
    try:
        read_date = date(year, month, day)
    except ValueError:
        return None
    return read_date if _FIRST_YEAR <= year <= _LAST_YEAR else None


def _usual_days(texts: npt.NDArray[np.uint8]) -> tuple[Int32s, Bools]:
    digits = texts[:, _DATE_DIGITS].astype(np.int32) - ord("0")
    is_good = (digits >= 0).all(axis=1) & (digits <= 9).all(axis=1)  # noqa: PLR2004 - digits
    is_good &= (texts[:, 4] == ord("-")) & (texts[:, 7] == ord("-"))
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month = digits[:, 4] * 10 + digits[:, 5]
    day = digits[:, 6] * 10 + digits[:, 7]
    is_good &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)  # noqa: PLR2004
    place = np.where(is_good, (year - _FIRST_YEAR) * 12 + month - 1, 0)
    start = _MONTH_STARTS[place]
    is_good &= (day >= 1) & (day <= _MONTH_STARTS[place + 1] - start)
    return (start + day - 1).astype(np.int32), is_good


_MONTH_STARTS: Final = np.array(
    [
        date(_FIRST_YEAR + n // 12, n % 12 + 1, 1).toordinal() - _EPOCH
        for n in range((_LAST_YEAR + 1 - _FIRST_YEAR) * 12 + 1)
    ],
    dtype=np.int32,
)
