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
_ABOUT: Final = "cursor"


class BadCursor(BadInput):
    """The cursor was not one of ours, or was cut short."""

    code = "bad_cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows in key order, and the cursors of the pages around them."""

    items: Sequence[T]
    next: str | None = None
    previous: str | None = None


def encode(*key: int | str) -> str:
    """Return an opaque, URL-safe cursor for a key."""
    return conceal(orjson.dumps(list(key)), about=_ABOUT)


def encode_id(number: int) -> str:
    """Return a cursor for a list in the order of ids."""
    return encode(number)


def decode_id(cursor: str) -> int | None:
    """Return the id that ended the page before; none where there is no cursor.

    Raises:
        BadCursor: it is not a cursor this portal gave out.
    """
    if not cursor:
        return None
    (place,) = decode(cursor, size=1)
    if not isinstance(place, int):
        raise BadCursor("This page link is damaged. Start again from the first page.")
    return place


def decode(cursor: str, *, size: int) -> tuple[int | str, ...]:
    """Return the key inside a cursor of `size` parts.

    Raises:
        BadCursor: it is not a cursor this portal gave out.
    """
    try:
        key = orjson.loads(reveal(cursor, about=_ABOUT))
    except (NotRevealable, ValueError) as error:
        raise BadCursor("This page link is damaged. Start again from the first page.") from error
    if not isinstance(key, list) or len(key) != size or not all(isinstance(part, int | str) for part in key):
        raise BadCursor("This page link is damaged. Start again from the first page.")
    return tuple(key)
