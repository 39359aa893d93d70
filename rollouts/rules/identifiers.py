"""Identifiers of the energy industry: market participants, users and requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from portal.kernel.guid import Guid, NotAGuid
from portal.kernel.guid.value import HYPHENATED
from portal.kernel.refusals import BadInput

LARGEST_COUNTER: Final = (1 << 64) - 1
_COUNTER_OFFSET: Final = 1 << 63

_MARKET_PARTICIPANT: Final = re.compile(r"[A-Z0-9]{4}", re.ASCII)
_GAS_CODE: Final = re.compile(r"[A-Z0-9]{3}", re.ASCII)
_REQUEST_ID: Final = re.compile(
    rf"({HYPHENATED.pattern}):({HYPHENATED.pattern}):(0|[1-9][0-9]{{0,19}})", re.ASCII
)


class NotAnIdentifier(BadInput):
    """The text is not the identifier it should be; the message says what one looks like."""

    code = "bad_identifier"


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

    @classmethod
    def from_db(cls, originator: Guid, target: Guid, stored_counter: int) -> RequestId:
        """Take the counter as the database keeps it."""
        return cls(originator, target, stored_counter + _COUNTER_OFFSET)

    @property
    def stored_counter(self) -> int:
        """The counter as the bigint the database keeps."""
        return self.counter - _COUNTER_OFFSET

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
