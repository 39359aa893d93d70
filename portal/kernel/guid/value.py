"""One Communications Hub identifier (EUI-64): every spelling in, one spelling out.

The database keeps a GUID as a signed bigint: the unsigned value less 2**63, so that the order is the same.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from portal.kernel.marks import FULL_WIDTH, INVISIBLE, JOINERS
from portal.kernel.refusals import BadInput

OFFSET: Final = 1 << 63
_LARGEST: Final = (1 << 64) - 1
_DIGITS: Final = 16
_LONGEST_TEXT: Final = 200

# What people paste from mail, Word, PDF and Excel: dashes of all kinds, spaces of all kinds, quotes, and
# marks that nobody sees.
_DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_SPACES: Final = (
    " \t\r\n\f\v\0\x1a\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_QUOTES: Final = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
BLANK: Final = _SPACES + INVISIBLE
EDGES: Final = BLANK + _QUOTES + ",;"
"""A text of these alone holds nothing."""
_PLAIN: Final = {
    **{ord(dash): "-" for dash in _DASHES},
    **{ord(space): " " for space in _SPACES},
    # Marks that change the order of what people see are passed over around a GUID alone.
    **{ord(mark): None for mark in JOINERS},
    **FULL_WIDTH,
}
_H: Final = "[0-9A-Fa-f]"
_SPELLING: Final = re.compile(
    rf"(?:0[xX])?(?:{_H}{{16}}|{_H}{{2}}([-:. ]){_H}{{2}}(?:\1{_H}{{2}}){{6}}"
    rf"|{_H}{{4}}([-:. ]){_H}{{4}}(?:\2{_H}{{4}}){{2}}|{_H}{{8}}[-:. ]{_H}{{8}})"
)
HYPHENATED: Final = re.compile(rf"{_H}{{2}}(?:-{_H}{{2}}){{7}}")
"""The spelling of machines: in alerts and request ids no other is taken."""
_DROPPED: Final = dict.fromkeys(map(ord, "-:. "), None)
_HEX: Final = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
_EXPONENT: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?E\+\d+|\d[.,]\d+E\d{1,3}", re.ASCII | re.IGNORECASE)
_FEWEST_DAMAGED_DIGITS: Final = 12


class GuidProblem(StrEnum):
    """What is wrong with a text that should be a GUID."""

    EMPTY = "EMPTY"
    NOT_HEX = "NOT_HEX"
    OTHER_SCRIPT = "OTHER_SCRIPT"
    UNEVEN = "UNEVEN"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    ALL_ZERO = "ALL_ZERO"
    ALL_ONES = "ALL_ONES"
    EXCEL_EXPONENT = "EXCEL_EXPONENT"
    EXCEL_LOST_ZEROS = "EXCEL_LOST_ZEROS"
    EXCEL_ERROR = "EXCEL_ERROR"
    FORMULA = "FORMULA"
    OPEN_QUOTE = "OPEN_QUOTE"

    @property
    def advice(self) -> str:
        """Return what is wrong and what to do about it."""
        return _ADVICE[self]


_FORM: Final = "A GUID has 16 hexadecimal digits, such as 00-DB-12-34-56-78-9A-BC."
_ADVICE: Final = {
    GuidProblem.EMPTY: f"There is nothing here. {_FORM}",
    GuidProblem.NOT_HEX: f"This holds characters that are not hexadecimal digits. {_FORM}",
    GuidProblem.OTHER_SCRIPT: f"This holds a letter of another script. {_FORM}",
    GuidProblem.UNEVEN: (
        "The digits are not in even groups. Write them in pairs, with the same mark between all of them, "
        "such as 00-DB-12-34-56-78-9A-BC."
    ),
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
    GuidProblem.EXCEL_ERROR: (
        "The spreadsheet has an error here, or a cell merged with the one above. "
        "Give each hub a cell of its own."
    ),
    GuidProblem.FORMULA: (
        "This is a formula without its result. Copy the column, paste it back as values, "
        "and save the file again."
    ),
    GuidProblem.OPEN_QUOTE: "A quotation mark is opened here and not closed on this line. Take it out.",
}


class NotAGuid(BadInput):
    """The text is not a GUID; `problem` says why."""

    code = "malformed_id"

    def __init__(self, problem: GuidProblem, text: str = "") -> None:
        super().__init__(advice_on(problem, text), facts={"problem": problem.value})
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
        value = read(text)
        if isinstance(value, GuidProblem):
            raise NotAGuid(value, text)
        return cls(value)

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
    """Return the unsigned value of a GUID in any spelling, or what is wrong with it.

    Sixteen digits stand together, or in groups of two, four or eight with one mark between all of them: a
    hyphen, a colon, a full stop or a space.
    """
    if len(text) > _LONGEST_TEXT:
        return GuidProblem.TOO_LONG
    bare = plain(text)
    is_formula = bare.startswith("=")
    if is_formula:
        bare = bare[1:].strip(EDGES)
    if _SPELLING.fullmatch(bare):
        value = int(bare[2 * (bare[1] in "xX") :].translate(_DROPPED), 16)
        return problem_of(value) or value
    if is_formula and not (not bare and text.rstrip(BLANK).endswith(('"', "'"))):
        return GuidProblem.FORMULA
    return _problem_with(bare)


def plain(text: str) -> str:
    """Spell a text with plain hyphens, spaces and digits, without quotes and invisible marks around it."""
    bare = text.strip(EDGES)
    return bare if bare.isascii() else bare.translate(_PLAIN).strip(EDGES)


def advice_on(problem: GuidProblem, text: str) -> str:
    """Return what is wrong with a text and what to do about it; a letter of another script is named."""
    if problem is not GuidProblem.OTHER_SCRIPT:
        return problem.advice
    sign = next((sign for sign in plain(text) if not sign.isascii()), "")
    name = unicodedata.name(sign, "") if sign else ""
    shown = f"“{sign}”, " if sign.isprintable() and sign else ""
    return f"This holds {shown}{name or 'a mark without a name'}, which is no hexadecimal digit. {_FORM}"


def _problem_with(bare: str) -> GuidProblem:
    if not bare:
        return GuidProblem.EMPTY
    if bare.startswith("#"):
        return GuidProblem.EXCEL_ERROR
    if _EXPONENT.fullmatch(bare):
        return GuidProblem.EXCEL_EXPONENT
    digits = bare.translate(_DROPPED)
    if digits[:2] in {"0x", "0X"}:
        digits = digits[2:]
    if digits and not _HEX.fullmatch(digits):
        ascii_ones = "".join(filter(str.isascii, digits))
        is_mixed = len(ascii_ones) < len(digits) and (not ascii_ones or _HEX.fullmatch(ascii_ones))
        return GuidProblem.OTHER_SCRIPT if is_mixed else GuidProblem.NOT_HEX
    return GuidProblem.UNEVEN if len(digits) == _DIGITS else _wrong_length(digits)


def problem_of(value: int) -> GuidProblem | None:
    """Return whether 64 bits are no device: all zeros, or all ones."""
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
