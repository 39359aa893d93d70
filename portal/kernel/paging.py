"""Keyset cursors: the place after the last row seen, never an offset."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from portal.kernel.refusals import BadInput

T = TypeVar("T")


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
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).rstrip(b"=").decode()


def decode(cursor: str, *, size: int) -> tuple[int | str, ...]:
    """Return the key inside a cursor of `size` parts.

    Raises:
        BadCursor: it is not a cursor this portal gave out.
    """
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadCursor("This page link is damaged. Start again from the first page.") from error
    if not isinstance(key, list) or len(key) != size or not all(isinstance(part, int | str) for part in key):
        raise BadCursor("This page link is damaged. Start again from the first page.")
    return tuple(key)
