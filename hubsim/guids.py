"""GUIDs by the thousand: 23 characters each on the wire, one unsigned 64-bit number each in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from hubsim.randomness import U64

WIDTH: Final = 23

Text = npt.NDArray[np.bytes_]


class MalformedGuid(ValueError):
    """One of the GUIDs is not eight pairs of hexadecimal digits joined by hyphens."""


PAIRS: Final[Text] = np.array([b"%02X-%02X" % divmod(value, 256) for value in range(65536)], dtype="S5")
"""Two octets as text, by value."""

_GROUP: Final = 3
_DIGITS: Final = np.array([i for i in range(WIDTH) if i % _GROUP != _GROUP - 1])
_MARKS: Final = np.array([i for i in range(WIDTH + 1) if i % _GROUP == _GROUP - 1])
_MARK: Final = np.frombuffer(b"-------\n", dtype=np.uint8)
_NOT_HEX: Final = 255
_NIBBLES: Final = np.full(256, _NOT_HEX, dtype=np.uint8)
for _value, _digit in enumerate(b"0123456789ABCDEF"):
    _NIBBLES[_digit] = _value
    _NIBBLES[ord(chr(_digit).lower())] = _value


def parse(texts: Sequence[str]) -> U64:
    """Read many GUIDs at once, in either case.

    Raises:
        MalformedGuid: at least one has another form.
    """
    try:
        # With an end to each, two wrong lengths cannot make a right one.
        block = "".join([f"{text}\n" for text in texts]).encode("ascii")
    except UnicodeEncodeError as error:
        raise MalformedGuid(_first_bad(texts)) from error
    if len(block) != (WIDTH + 1) * len(texts):
        raise MalformedGuid(_first_bad(texts))
    characters = np.frombuffer(block, dtype=np.uint8).reshape(-1, WIDTH + 1)
    nibbles = _NIBBLES[characters[:, _DIGITS]]
    if (nibbles == _NOT_HEX).any() or (characters[:, _MARKS] != _MARK).any():
        raise MalformedGuid(_first_bad(texts))
    octets = (nibbles[:, 0::2] << 4) | nibbles[:, 1::2]
    values: U64 = np.ascontiguousarray(octets).view(">u8").ravel().astype(np.uint64)
    return values


def fill(record: npt.NDArray[np.void], name: str, values: U64) -> None:
    """Write GUIDs into the four text fields that `fields` gave a record."""
    for place in range(4):
        part = (values >> np.uint64(48 - 16 * place)) & np.uint64(0xFFFF)
        record[f"{name}{place}"] = PAIRS[part.astype(np.intp)]
    for place in range(3):
        record[f"{name}-{place}"] = b"-"


def fields(name: str) -> list[tuple[str, str]]:
    """Return the fields that hold one GUID as text inside a record."""
    parts: list[tuple[str, str]] = []
    for place in range(4):
        parts.append((f"{name}{place}", "S5"))
        if place < 3:  # noqa: PLR2004 - three hyphens between four parts
            parts.append((f"{name}-{place}", "S1"))
    return parts


def text_of(value: int) -> str:
    """Write one GUID."""
    return "-".join(f"{octet:02X}" for octet in value.to_bytes(8, "big"))


def _first_bad(texts: Sequence[object]) -> str:
    for text in texts:
        if not isinstance(text, str):
            return "not a GUID: it is not text"
        try:
            value = bytes.fromhex(text.replace("-", ""))
        except ValueError:
            return f"not a GUID: {text[:40]!r}"
        if text_of(int.from_bytes(value, "big")) != text.upper():
            return f"not a GUID: {text[:40]!r}"
    return "not a GUID"
