"""Keyset cursors: the place after the last row seen, never an offset.

A cursor is opaque (`portal.kernel.opaque`): the key in it may be a number that counts what others do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import orjson

from portal.kernel.opaque import NotRevealable, conceal, reveal
from portal.kernel.refusals import BadInput

T = TypeVar("T")
_DAMAGED: Final = "This page link is damaged. Start again from the first page."


class BadCursor(BadInput):
    """The cursor was not one of ours, or was cut short."""

    code = "bad_cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows in key order, and the cursors of the pages around them."""

    items: Sequence[T]
    next: str | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class CursorKey:
    """The cursors of one list for one organisation: those of any other look nothing alike."""

    about: str

    def encode(self, *key: int | str) -> str:
        """Return an opaque, URL-safe cursor for a key."""
        return conceal(orjson.dumps(list(key)), about=self.about)

    def encode_id(self, number: int) -> str:
        """Return a cursor for a list in the order of ids."""
        return self.encode(number)

    def decode_id(self, cursor: str) -> int | None:
        """Return the id that ended the page before; none where there is no cursor.

        Raises:
            BadCursor: it is not a cursor this list gave out to this organisation.
        """
        if not cursor:
            return None
        (place,) = self.decode(cursor, size=1)
        if not isinstance(place, int):
            raise BadCursor(_DAMAGED)
        return place

    def decode(self, cursor: str, *, size: int) -> tuple[int | str, ...]:
        """Return the key inside a cursor of `size` parts.

        Raises:
            BadCursor: it is not a cursor this list gave out to this organisation.
        """
        try:
            key = orjson.loads(reveal(cursor, about=self.about))
        except (NotRevealable, ValueError) as error:
            raise BadCursor(_DAMAGED) from error
        if not isinstance(key, list) or len(key) != size:
            raise BadCursor(_DAMAGED)
        if not all(isinstance(part, int | str) for part in key):
            raise BadCursor(_DAMAGED)
        return tuple(key)


def keyed(name: str, organisation_id: int) -> CursorKey:
    """Return the cursors of a list, by its name, for an organisation."""
    return CursorKey(f"cursor:{name}:{organisation_id}")
