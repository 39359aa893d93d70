"""Reading the database from an event loop: few threads, each with a connection of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from django.db import close_old_connections, connections

from notifications.cloud_events import written_entries
from portal.events import feed
from portal.identity.scope import Scope
from portal.kernel import sql, tenancy

T = TypeVar("T")
THREADS: Final = 4
PAGE: Final = 1_000


class ReaderThreads:
    """The threads that read."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="stream-reader")

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a function that reads, in a thread."""
        call = partial(_guarded, partial(function, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def stop(self) -> None:
        """Close every thread's connection, and end."""
        together = threading.Barrier(THREADS)  # so that each thread takes one of the calls
        await asyncio.gather(*(self.run(_close, together) for _ in range(THREADS)))
        self._threads.shutdown()


def heads() -> Mapping[int, int]:
    """Return how far the feed of each party has come."""
    with tenancy.crossing():
        return {row.party_id: row.position for row in sql.fetch_all("notifications", "feed_heads")}


def position_of(scope: Scope, after: str) -> int:
    """Return the position a stream begins after: a cursor, or the newest entry.

    Raises:
        CursorExpired: some entries after it are no longer kept.
        CursorAhead: there is no such position yet.
    """
    with tenancy.acting_as(scope.tenant):
        there = feed.bounds(scope)
    return feed.check_cursor(there, int(after)) if after else there.head


class Written(NamedTuple):
    """An entry as a message of the stream, and what it is chosen by."""

    position: int
    kind: int
    rollout_id: int | None
    message: bytes


def page_after(scope: Scope, position: int, *, size: int = PAGE) -> list[Written]:
    """Return the entries after a position, each written as a message of the stream.

    Raises:
        CursorExpired: some entries after it are no longer kept.
    """
    with tenancy.acting_as(scope.tenant):
        feed.check_cursor(feed.Bounds(feed.bounds(scope).dropped_to, position), position)
        entries = list(written_entries(scope, position, size=size))
    return [
        Written(
            entry.position,
            entry.kind,
            entry.rollout_id,
            f"id: {entry.position}\nevent: entry\ndata: {entry.text}\n\n".encode(),
        )
        for entry in entries
    ]


def _guarded(call: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def _close(together: threading.Barrier) -> None:
    together.wait(timeout=10)
    connections.close_all()
