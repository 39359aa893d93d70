"""Identifiers of the energy industry: supply points, market participants, users and requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from portal.kernel.guid import Guid, NotAGuid
from portal.kernel.guid.value import HYPHENATED
from portal.kernel.refusals import BadInput

LARGEST_COUNTER: Final = (1 << 64) - 1

_MPAN_DIGITS: Final = 13
_FULL_MPAN_DIGITS: Final = 21
_MPAN_WEIGHTS: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_MPRN: Final = re.compile(r"[0-9]{6,10}", re.ASCII)
_MARKET_PARTICIPANT: Final = re.compile(r"[A-Z0-9]{4}", re.ASCII)
_GAS_CODE: Final = re.compile(r"[A-Z0-9]{3}", re.ASCII)
_REQUEST_ID: Final = re.compile(
    rf"({HYPHENATED.pattern}):({HYPHENATED.pattern}):(0|[1-9][0-9]{{0,19}})", re.ASCII
)

DISTRIBUTORS: Final = {
    "10": "Eastern",
    "11": "East Midlands",
    "12": "London",
    "13": "Merseyside and North Wales",
    "14": "West Midlands",
    "15": "North East",
    "16": "North West",
    "17": "North Scotland",
    "18": "South Scotland",
    "19": "South East",
    "20": "Southern",
    "21": "South Wales",
    "22": "South West",
    "23": "Yorkshire",
}


class NotAnIdentifier(BadInput):
    """The text is not the identifier it should be; the message says what one looks like.

    The text itself is left out: MPAN and MPRN are personal data and stay out of logs.
    """

    code = "bad_identifier"


def mpan_check_digit(first_twelve: str) -> int:
    """Compute the thirteenth digit of an MPAN from the other twelve."""
    weighted = zip(map(int, first_twelve), _MPAN_WEIGHTS, strict=True)
    return sum(digit * weight for digit, weight in weighted) % 11 % 10


def normalise_mpan(text: str) -> str:
    """Spell an MPAN as its thirteen digits; the full form of twenty-one loses its top line.

    Raises:
        NotAnIdentifier: it has another length, holds other characters, or its check digit is wrong.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not digits.isascii() or not digits.isdigit() or len(digits) not in {_MPAN_DIGITS, _FULL_MPAN_DIGITS}:
        raise NotAnIdentifier("An MPAN has 13 digits, or 21 with its top line.")
    core = digits[-_MPAN_DIGITS:]
    if mpan_check_digit(core[:-1]) != int(core[-1]):
        raise NotAnIdentifier("The check digit of this MPAN is wrong. Look for a mistyped digit.")
    return core


def distributor_of(mpan: str) -> str:
    """Name the area of an MPAN's distributor."""
    return DISTRIBUTORS.get(mpan[:2], "Independent network")


def normalise_mprn(text: str) -> str:
    """Spell an MPRN as its digits. No check digit is asked for.

    Raises:
        NotAnIdentifier: it is not six to ten digits.
    """
    return _matched(_MPRN, re.sub(r"\s", "", text), "An MPRN has 6 to 10 digits.")


def normalise_market_participant(text: str) -> str:
    """Spell an electricity market participant identifier.

    Raises:
        NotAnIdentifier: it is not four letters or digits.
    """
    return _matched(
        _MARKET_PARTICIPANT, text.strip().upper(), "A market participant id has 4 letters or digits."
    )


def normalise_gas_code(text: str) -> str:
    """Spell the short code of a gas supplier or shipper.

    Raises:
        NotAnIdentifier: it is not three letters or digits.
    """
    return _matched(_GAS_CODE, text.strip().upper(), "A gas short code has 3 letters or digits.")


def parse_user_id(text: str) -> Guid:
    """Read the User ID of a Party, an EUI-64 like that of a device.

    Raises:
        NotAnIdentifier: it is not one.
    """
    try:
        return Guid.parse(text)
    except NotAGuid as refusal:
        raise NotAnIdentifier("A User ID is an EUI-64, such as 90-B3-D5-1F-30-01-00-00.") from refusal


@dataclass(frozen=True, slots=True)
class RequestId:
    """Who asks whom, and the counter that rises with each request of one originator."""

    originator: Guid
    target: Guid
    counter: int

    @classmethod
    def parse(cls, text: str) -> RequestId:
        """Read a RequestID as messages spell it.

        Raises:
            NotAnIdentifier: it is not two EUI-64 and a counter of 64 bits without leading zeros.
        """
        parts = _REQUEST_ID.fullmatch(text)
        if parts is None or int(parts[3]) > LARGEST_COUNTER:
            raise NotAnIdentifier("A RequestID is originator:target:counter, with EUI-64 in the hyphen form.")
        try:
            return cls(Guid.parse(parts[1]), Guid.parse(parts[2]), int(parts[3]))
        except NotAGuid as refusal:
            raise NotAnIdentifier(f"A RequestID names two devices or users. {refusal.message}") from refusal

    @property
    def answered(self) -> RequestId:
        """The ResponseID that answers this request: originator and target change places."""
        return RequestId(self.target, self.originator, self.counter)

    def __str__(self) -> str:
        return f"{self.originator}:{self.target}:{self.counter}"


def _matched(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    if not pattern.fullmatch(text):
        raise NotAnIdentifier(otherwise)
    return text
