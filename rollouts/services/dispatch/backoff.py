"""Rest between scans of a large rollout.

# Note [Resting between scans]
A scan of 3.5 million targets takes a second or two. While the tallies say what they said before it, the next
one rests for twenty times as long as it took; after a change for five times. What is kept of this is in the
cache: losing it costs one scan.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from zlib import crc32

from django.core.cache import cache

_SHARE_OF_TIME: Final = 20
_SHARE_AFTER_CHANGE: Final = 5
_LONGEST_REST: Final = 60.0
_WORTH_RESTING: Final = 0.1


def is_rested(key: str, *, seen: object) -> bool:
    """Return whether it is time for another scan, given what the tallies say now."""
    remembered = cache.get(key)
    if remembered is None:
        return True
    scanned_at, seconds, seen_then = remembered
    if seconds < _WORTH_RESTING:
        return True
    share = _SHARE_OF_TIME if seen_then == _digest(seen) else _SHARE_AFTER_CHANGE
    rested = time.time() - scanned_at
    # Below nothing: a clock was put back.
    return bool(rested < 0 or rested >= min(seconds * share, _LONGEST_REST))


@contextmanager
def scanning(key: str, *, seen: object) -> Iterator[None]:
    """Remember how long a scan took, and what the tallies said before it."""
    began = time.monotonic()
    yield
    cache.set(key, (time.time(), time.monotonic() - began, _digest(seen)), timeout=120)


def _digest(seen: object) -> int:
    return crc32(repr(seen).encode())
