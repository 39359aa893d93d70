"""One Communications Hub identifier (EUI-64): every spelling in, one spelling out.

The database keeps a GUID as a signed bigint: the unsigned value less 2**63, so that the order is the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from portal.kernel.refusals import BadInput

OFFSET: Final = 1 << 63
_LARGEST: Final = (1 << 64) - 1
_DIGITS: Final = 16
_LONGEST_TEXT: Final = 200

# What people paste from mail, Word, PDF and Excel: dashes of all kinds, spaces of all kinds, quotes.
_DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2212\u00ad"
_SPACES: Final = " \t\r\n\f\v\u00a0\u2007\u2009\u202f\u200b\u200c\u200d\u2060\ufeff"
_QUOTES: Final = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_EDGES: Final = _SPACES + _QUOTES + ",;"
_DROPPED: Final = dict.fromkeys(map(ord, _DASHES + _SPACES + ":."), None)
_HEX: Final = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
_EXPONENT: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?E\+\d+|\d[.,]\d+E\d{1,3}", re.ASCII | re.IGNORECASE)
_FEWEST_DAMAGED_DIGITS: Final = 12


class GuidProblem(StrEnum):
    """What is wrong with a text that should be a GUID."""

    EMPTY = "EMPTY"
    NOT_HEX = "NOT_HEX"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    ALL_ZERO = "ALL_ZERO"
    ALL_ONES = "ALL_ONES"
    EXCEL_EXPONENT = "EXCEL_EXPONENT"
    EXCEL_LOST_ZEROS = "EXCEL_LOST_ZEROS"

    @property
    def advice(self) -> str:
        """Say what is wrong and what to do about it."""
        return _ADVICE[self]


_FORM: Final = "A GUID has 16 hexadecimal digits, such as 00-DB-12-34-56-78-9A-BC."
_ADVICE: Final = {
    GuidProblem.EMPTY: f"There is nothing here. {_FORM}",
    GuidProblem.NOT_HEX: f"This holds characters that are not hexadecimal digits. {_FORM}",
    GuidProblem.TOO_SHORT: f"This is too short. {_FORM}",
    GuidProblem.TOO_LONG: f"This is too long. {_FORM}",
    GuidProblem.ALL_ZERO: "All zeros is not a device. Check where the list came from.",
    GuidProblem.ALL_ONES: "All Fs is not a device. Check where the list came from.",
    GuidProblem.EXCEL_EXPONENT: (
        "Excel has turned this GUID into a number and lost digits. Format the column as Text, "
        "then paste the GUIDs again from where they came from."
    ),
    GuidProblem.EXCEL_LOST_ZEROS: (
        "This has lost its leading zeros, as happens in Excel. Format the column as Text, "
        "then paste the GUIDs again from where they came from."
    ),
}


class NotAGuid(BadInput):
    """The text is not a GUID; `problem` says why."""

    code = "malformed_id"

    def __init__(self, problem: GuidProblem) -> None:
        super().__init__(problem.advice, facts={"problem": problem.value})
        self.problem = problem


@dataclass(frozen=True, slots=True, order=True)
class Guid:
    """The identifier of one device, as an unsigned 64-bit number."""

    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= _LARGEST:
            raise ValueError("A GUID has 64 bits.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a GUID in any spelling in use; never pad or guess.

        Raises:
            NotAGuid: the text is not exactly 64 bits, is all zeros or all Fs, or was damaged by Excel.
        """
        found = read(text)
        if isinstance(found, GuidProblem):
            raise NotAGuid(found)
        return cls(found)

    @classmethod
    def from_db(cls, stored: int) -> Self:
        """Take a GUID as the database keeps it."""
        return cls(stored + OFFSET)

    @property
    def db(self) -> int:
        """The bigint the database keeps."""
        return self.value - OFFSET

    def __str__(self) -> str:
        return self.value.to_bytes(8, "big").hex("-").upper()

    def __repr__(self) -> str:
        return f"Guid({self})"


def read(text: str) -> int | GuidProblem:
    """Return the unsigned value of a GUID in any spelling, or what is wrong with it."""
    if len(text) > _LONGEST_TEXT:
        return GuidProblem.TOO_LONG
    bare = text.strip(_EDGES)
    if bare.startswith("="):
        bare = bare[1:].strip(_EDGES)
    if _EXPONENT.fullmatch(bare):
        return GuidProblem.EXCEL_EXPONENT
    digits = bare.translate(_DROPPED)
    if digits[:2] in {"0x", "0X"}:
        digits = digits[2:]
    return _read_digits(digits)


def _read_digits(digits: str) -> int | GuidProblem:
    if not digits:
        return GuidProblem.EMPTY
    if not _HEX.fullmatch(digits):
        return GuidProblem.NOT_HEX
    if len(digits) != _DIGITS:
        return _wrong_length(digits)
    value = int(digits, 16)
    return problem_of(value) or value


def problem_of(value: int) -> GuidProblem | None:
    """Tell whether 64 bits are no device: all zeros, or all ones."""
    if value == 0:
        return GuidProblem.ALL_ZERO
    return GuidProblem.ALL_ONES if value == _LARGEST else None


def _wrong_length(digits: str) -> GuidProblem:
    if len(digits) > _DIGITS:
        return GuidProblem.TOO_LONG
    # Excel drops leading zeros only of what it takes for a number, and "00-DB" never is one.
    if digits.isdecimal() and len(digits) >= _FEWEST_DAMAGED_DIGITS:
        return GuidProblem.EXCEL_LOST_ZEROS
    return GuidProblem.TOO_SHORT


def guid_sql(column: str) -> str:
    """Write the SQL expression that spells a stored GUID, for extracts made by the database.

    `column` is trusted text of the program, never input.
    """
    # macaddr8 is PostgreSQL's own EUI-64: it evaluates the column once, where substr would eight times.
    bare = f"encode(int8send({column} # (-9223372036854775808)), 'hex')"
    return f"upper(replace(({bare}::macaddr8)::text, ':', '-'))"
