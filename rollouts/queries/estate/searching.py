"""Searching by a GUID, a GPF's, its beginning or its ending."""

from __future__ import annotations

import re
from typing import Final

from portal.kernel import sql
from portal.kernel.guid import GuidProblem, read
from portal.kernel.guid.value import OFFSET, advice_on, plain
from portal.kernel.refusals import BadInput

_SEPARATORS: Final = re.compile(r"[-:. ]")
_BEGINNING: Final = re.compile(r"[0-9A-Fa-f]{2,15}", re.ASCII)
_ENDING: Final = re.compile(r"[0-9A-Fa-f]{4,15}", re.ASCII)
_DIGITS: Final = 16
_SHORTEST_GPF: Final = 8
_BITS_A_DIGIT: Final = 4
ENDING_MARKS: Final = ("*", "…")
"""What stands before an ending, in a text that may be either."""


class NotSearchable(BadInput):
    """The text is neither a GUID nor the beginning of one."""

    code = "not_searchable"


def guids_like(text: str) -> tuple[int, int]:
    """Return the first and the last GUID, in database form, that a text may mean.

    A whole GUID in any spelling is itself, or the hub whose GPF it is; two digits and more are the
    beginning of one.

    Raises:
        NotSearchable: it is neither.
    """
    value = read(text)
    if not isinstance(value, GuidProblem):
        hub = hub_of(value - OFFSET)
        return hub, hub
    digits = _digits_of(text)
    if value == GuidProblem.EXCEL_EXPONENT or not _BEGINNING.fullmatch(digits):
        raise NotSearchable(advice_on(value, text))
    return _range_of(digits)


def gpfs_like(text: str) -> tuple[int, int] | None:
    """Return the first and the last GUID of a GPF that a text begins, in database form.

    None where it is no beginning, or so short a one that it is that of most GPFs.
    """
    digits = _digits_of(text)
    is_beginning = _BEGINNING.fullmatch(digits) and len(digits) >= _SHORTEST_GPF
    return _range_of(digits) if is_beginning else None


def _digits_of(text: str) -> str:
    digits = _SEPARATORS.sub("", plain(text))
    return digits[2:] if digits[:2] in {"0x", "0X"} else digits


def _range_of(digits: str) -> tuple[int, int]:
    first, last = digits.ljust(_DIGITS, "0"), digits.ljust(_DIGITS, "F")
    return int(first, 16) - OFFSET, int(last, 16) - OFFSET


def ending_like(text: str) -> tuple[int, int]:
    """Return the last bits of a GUID that a text names after its mark, and the mask that keeps them.

    Four digits are the fewest: the index knows the last sixteen bits.

    Raises:
        NotSearchable: it is no ending.
    """
    digits = _SEPARATORS.sub("", plain(text.strip().lstrip("".join(ENDING_MARKS))))
    if not _ENDING.fullmatch(digits):
        raise NotSearchable("The ending of a GUID is its last four digits or more, such as *02-DB.")
    return int(digits, 16), (1 << _BITS_A_DIGIT * len(digits)) - 1


def is_ending(text: str) -> bool:
    """Return whether a text asks for an ending: it has the mark of one."""
    return text.strip().startswith(ENDING_MARKS)


def hub_of(guid: int) -> int:
    """Return the hub whose GPF has this GUID; else the GUID itself, whether there is such a hub or not."""
    owners = sql.fetch_all("rollouts", "hub_of_gpf", guid=guid)
    return int(owners[0].guid) if owners else guid
