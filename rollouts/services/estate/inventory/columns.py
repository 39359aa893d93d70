"""Columns of GUIDs and of dates, read as arrays where they are in the usual form."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.kernel.guid import parse_rows, read
from portal.kernel.guid.value import OFFSET, GuidProblem
from rollouts.services.estate.inventory.files import Piece
from rollouts.services.estate.inventory.words import Octets, texts_at

Bools: TypeAlias = npt.NDArray[np.bool_]
Int64s: TypeAlias = npt.NDArray[np.int64]
Int32s: TypeAlias = npt.NDArray[np.int32]

GUID_LENGTH: Final = 23
_DATE_LENGTH: Final = 10
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
    values[usual], is_good[usual] = parse_rows(texts_at(piece.block, begins[usual], GUID_LENGTH))
    for row in np.flatnonzero((lengths > 0) & ~is_good).tolist():
        value = read(piece.block[begins[row] : ends[row]].decode("utf-8", "replace"))
        if not isinstance(value, GuidProblem):
            values[row] = value - OFFSET
            is_good[row] = True
    return Guids(values, lengths > 0, is_good)


def days_in(piece: Piece, column: int) -> Days:
    """Read a column of dates; 2026-11-20 is the usual form, 20/11/2026 is taken too."""
    begins, ends = piece.begins[:, column], piece.ends[:, column]
    lengths = ends - begins
    values = np.zeros(len(begins), dtype=np.int32)
    is_good = np.zeros(len(begins), dtype=bool)
    usual = np.flatnonzero(lengths == _DATE_LENGTH)
    values[usual], is_good[usual] = _usual_days(texts_at(piece.block, begins[usual], _DATE_LENGTH))
    for row in np.flatnonzero((lengths > 0) & ~is_good).tolist():
        day = read_day(piece.block[begins[row] : ends[row]].decode("utf-8", "replace"))
        if day is not None:
            values[row] = day.toordinal() - _EPOCH
            is_good[row] = True
    return Days(values, lengths > 0, is_good)


def read_day(text: str) -> date | None:
    """Read a date as people and systems write it; None when it is none."""
    bare = text.strip()
    if match := _ISO.fullmatch(bare):
        year, month, day = (int(part) for part in match.groups())
    elif match := _BRITISH.fullmatch(bare):
        day, month, year = (int(part) for part in match.groups())
    else:
        return None
    try:
        read_date = date(year, month, day)
    except ValueError:
        return None
    return read_date if _FIRST_YEAR <= year <= _LAST_YEAR else None


def _usual_days(texts: Octets) -> tuple[Int32s, Bools]:
    """Read dates such as 2026-11-20 by their month, which is tabulated, and their day."""
    months = np.ascontiguousarray(texts[:, :8]).view("<u8").ravel()
    place = np.minimum(np.searchsorted(_MONTHS, months), len(_MONTHS) - 1)
    digits = texts[:, 8:].astype(np.int32) - ord("0")
    day = digits[:, 0] * 10 + digits[:, 1]
    is_good = (_MONTHS[place] == months) & (digits >= 0).all(axis=1) & (digits <= 9).all(axis=1)  # noqa: PLR2004
    is_good &= (day >= 1) & (day <= _MONTH_LENGTHS[place])
    return (_MONTH_STARTS[place] + day - 1).astype(np.int32), is_good


def _month_table() -> tuple[npt.NDArray[np.uint64], Int32s, Int32s]:
    """Tabulate each month: how it is spelt, as a number, when it begins, and how many days it has."""
    firsts = [date(year, month, 1) for year in range(_FIRST_YEAR, _LAST_YEAR + 2) for month in range(1, 13)]
    starts = np.array([first.toordinal() - _EPOCH for first in firsts], dtype=np.int32)
    spelt = np.array(
        [int.from_bytes(f"{first:%Y-%m-}".encode(), "little") for first in firsts], dtype=np.uint64
    )
    lengths = np.diff(starts)
    order = np.argsort(spelt[:-12])
    return spelt[:-12][order], starts[:-12][order], lengths[: len(order)][order]


_MONTHS, _MONTH_STARTS, _MONTH_LENGTHS = _month_table()
