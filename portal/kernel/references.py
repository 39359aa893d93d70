"""Opaque references: what the id of a row is called in addresses, on pages and over REST.

An id is drawn from a sequence that all organisations share: two of one's own tell how much everybody has
done in between (ADR 12). So outside stands a reference of 13 signs, such as `4F7QK2M9XT0BZ`: the id, put
through a permutation of all 64-bit numbers that only the portal's key can undo. It needs no column, the same
id of the same kind always has the same reference, and inside everything goes by ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.urls import register_converter
from django.urls.converters import get_converters
from django.utils.encoding import force_bytes

PATTERN: Final = "[0-9A-F][0-9A-HJKMNP-TV-Z]{12}"
HIGHEST: Final = 2**31 - 1
"""No column of ids holds more; any other number behind a text is no reference of ours."""
NOTHINGS_ID: Final = -1
"""What only looks like a reference is looked up, and answered like what is not there."""
_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter looks like a figure
_LENGTH: Final = 13
_ROUNDS: Final = 8
_HALF: Final = 2**32 - 1


class NotAReference(ValueError):
    """The text was not made by this portal, or names something of another kind."""


def reference_of(number: int, kind: str) -> str:
    """Return what the thing of this kind with this id is called outside."""
    left, right = divmod(number, _HALF + 1)
    for keyed in _rounds(settings.REFERENCE_KEY, kind):
        left, right = right, left ^ _mixed(keyed, right)
    return _text(left << 32 | right)


def number_of(text: str, kind: str) -> int:
    """Return the id of the thing of this kind that is called so.

    Raises:
        NotAReference: nothing of this kind can be.
    """
    hidden = _number(text)
    for secret in (settings.REFERENCE_KEY, *settings.REFERENCE_KEY_FALLBACKS):
        left, right = divmod(hidden, _HALF + 1)
        for keyed in reversed(_rounds(secret, kind)):
            left, right = right ^ _mixed(keyed, left), left
        # Of 8,000,000,000 texts that are none of ours one passes for an id, and is looked up as any other.
        if 0 < (number := left << 32 | right) <= HIGHEST:
            return number
    raise NotAReference(text)


def id_named(text: str, kind: str) -> int:
    """Return the id of the thing that is called so; of a text that names nothing, an id that nothing has."""
    try:
        return number_of(text, kind)
    except NotAReference:
        return NOTHINGS_ID


def named(choices: Iterable[tuple[int, str]], kind: str) -> list[tuple[str, str]]:
    """Return choices of a form by their references instead of their ids."""
    return [(reference_of(number, kind), label) for number, label in choices]


def register(*kinds: str) -> None:
    """Let addresses name things of these kinds: `<incident:incident_id>` gives the view the id."""
    for kind in set(kinds) - get_converters().keys():
        register_converter(_converter(kind), kind)


def _converter(kind: str) -> type[Any]:
    class Converter:
        """Ids of one kind inside, their references in addresses."""

        regex = PATTERN

        def to_python(self, value: str) -> int:
            return id_named(value, kind)

        def to_url(self, value: int | str) -> str:
            # What was recorded for outside holds the reference already.
            return (
                value if isinstance(value, str) and len(value) == _LENGTH else reference_of(int(value), kind)
            )

    return Converter


def _mixed(keyed: hashlib.blake2b, half: int) -> int:
    digest = keyed.copy()
    digest.update(half.to_bytes(4, "big"))
    return int.from_bytes(digest.digest(), "big")


@lru_cache(maxsize=256)
def _rounds(secret: str | bytes, kind: str) -> tuple[hashlib.blake2b, ...]:
    own = f"portal.kernel.references:{kind}:".encode() + force_bytes(secret)
    keys = (hashlib.sha256(bytes([place]) + own).digest() for place in range(_ROUNDS))
    return tuple(hashlib.blake2b(key=key, digest_size=4) for key in keys)


def _text(number: int) -> str:
    return "".join(_SIGNS[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def _number(text: str) -> int:
    if len(text) != _LENGTH or not set(text) <= set(_SIGNS):
        raise NotAReference(text)
    number = 0
    for sign in text:
        number = number << 5 | _SIGNS.index(sign)
    if number >> 64:
        raise NotAReference(text)
    return number
