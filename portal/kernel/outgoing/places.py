"""How many calls of one process may wait at a time, as a whole and for one organisation.

A call that holds a thread of the web process is refused at once where its share is taken: an address that
never answers then costs its own organisation its calls, and nobody a page.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MOST_OF_ONE: Final = 2
MOST_OF_ALL: Final = 6


class NoPlace(OSError):
    """As many calls wait already as may."""


_lock: Final = threading.Lock()
_waiting: Final[Counter[str]] = Counter()


@contextmanager
def place(party: str) -> Iterator[None]:
    """Hold a place for one call on behalf of a party.

    Raises:
        NoPlace: its calls that have not been answered, or those of all, are as many as may be.
    """
    with _lock:
        if _waiting[party] >= MOST_OF_ONE or _waiting.total() >= MOST_OF_ALL:
            raise NoPlace("Too many calls wait for an answer already. Try again in a moment.")
        _waiting[party] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[party] -= 1
            if not _waiting[party]:
                del _waiting[party]
