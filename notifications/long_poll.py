"""Following a feed in a request of its own: answered at once if there is something, else after a while."""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Final

from django.conf import settings
from django.db import connection

from notifications.cloud_events import EntryFilter, WrittenPage, page_written_after
from portal.events import feed, listening
from portal.identity.scope import Scope

LONGEST_WAIT: Final = 30
AT_HEAD: Final = "now"


def position_of_cursor(scope: Scope, after: str) -> int | None:
    """Return the position a cursor stands for; `now` is the newest entry, none stands for the oldest kept."""
    if after == AT_HEAD:
        return feed.head(scope)
    return int(after) if after else None


def wait_for_slice(
    scope: Scope, after: int | None, *, wanted: EntryFilter, size: int, seconds: float
) -> WrittenPage:
    """Return the entries after a position; where there are none yet, wait for them.

    Whoever waits holds a thread but no connection to the database. Only so many may; everybody else is
    answered at once, with nothing, and comes again.

    Raises:
        CursorExpired: some entries after it are no longer kept.
        CursorAhead: there is no such position yet.
    """
    until = time.monotonic() + seconds
    entries = page_written_after(scope, after, wanted=wanted, size=size)
    if entries.entries or seconds <= 0 or not _places().acquire(blocking=False):
        return entries
    try:
        while (left := until - time.monotonic()) > 0 and not listening.has_ended():
            _let_go_of_the_database()
            listening.wait_for_entries(scope.organisation_id, beyond=entries.position, seconds=left)
            entries = page_written_after(scope, entries.position, wanted=wanted, size=size)
            if entries.entries:
                break
    finally:
        _places().release()
    return entries


def _let_go_of_the_database() -> None:
    if not connection.in_atomic_block:
        connection.close()


@cache
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.LONG_POLLS)
