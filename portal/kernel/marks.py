"""Characters that nobody sees, and those that look like others: texts spelt as people read them."""

from __future__ import annotations

from typing import Final

JOINERS: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
"""Of no width and no effect on what stands around them."""
DIRECTIONS: Final = "\u061c\u180e\u200e\u200f\u202a\u202b\u202c\u202d\u202e" + "".join(
    map(chr, range(0x2061, 0x206A))
)
"""Of no width, but they may change the order in which people see the others."""
INVISIBLE: Final = JOINERS + DIRECTIONS
#: Full-width forms, as a Japanese keyboard types them, and the plain ones.
FULL_WIDTH: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_AS_SEEN: Final = {**dict.fromkeys(map(ord, INVISIBLE)), **FULL_WIDTH}


def as_seen(text: str) -> str:
    """Spell a name without invisible marks and full-width forms, with single spaces."""
    return " ".join(text.translate(_AS_SEEN).split())
