"""A party's feed, read once for all who follow it here: the newest entries are kept, written as messages.

Whoever falls behind what is kept reads by itself, page by page, no faster than it takes what it is sent:
nothing is ever queued for anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import structlog

from notifications.stream.feed_heads import FeedHeads
from notifications.stream.reading import PAGE, ReaderThreads, Written, page_after
from portal.events.kinds import EntryKind
from portal.identity.scope import Scope

log = structlog.get_logger(__name__)
KEPT: Final = 2_000
AT_ONCE: Final = 500
_AGAIN_AFTER: Final = 1.0
_position: Final = attrgetter("position")


class PartyFeed:
    """The newest entries of one party's feed, and those who wait for the next."""

    def __init__(self, scope: Scope, *, rings: FeedHeads, readers: ReaderThreads) -> None:
        self.scope = scope
        self.followers = 0
        self._rings = rings
        self._readers = readers
        self._kept: deque[Written] = deque(maxlen=KEPT)
        self._last = 0
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read what comes from now on."""
        self._last = self._rings.head(self.scope.organisation_id)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Read no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def after(self, position: int) -> list[Written]:
        """Return some entries after a position, from what is kept or else from the database."""
        if position >= self._last:
            return []
        first = self._kept[0].position if self._kept else self._last + 1
        if position + 1 >= first:
            # Looked for, as positions are not always neighbours: see `resume_positions.sql`.
            begin = bisect_right(self._kept, position, key=_position)
            return [self._kept[place] for place in range(begin, min(begin + AT_ONCE, len(self._kept)))]
        return await self._readers.run(page_after, self.scope, position, size=PAGE)

    async def wait(self, position: int, *, seconds: float) -> None:
        """Wait until there is something after a position, or the time is up."""
        if position >= self._last:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._grown.wait(), seconds)

    async def _follow(self) -> None:
        with self._rings.waiting(self.scope.organisation_id) as moved:
            while True:
                moved.clear()
                try:
                    await self._read_on()
                except Exception as problem:  # noqa: BLE001 - the database is away: it will come back
                    log.warning("feed.unread", party=self.scope.organisation_id, problem=repr(problem))
                    await asyncio.sleep(_AGAIN_AFTER)
                    continue
                await moved.wait()

    async def _read_on(self) -> None:
        while page := await self._readers.run(page_after, self.scope, self._last, size=PAGE):
            self._kept.extend(page)
            self._last = page[-1].position
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()
            if len(page) < PAGE:
                break


class Feeds:
    """The feeds that are followed in this process."""

    def __init__(self, *, rings: FeedHeads, readers: ReaderThreads) -> None:
        self._rings = rings
        self._readers = readers
        self._feeds: dict[int, PartyFeed] = {}

    @contextlib.asynccontextmanager
    async def of(self, scope: Scope) -> AsyncIterator[PartyFeed]:
        """Have a party's feed for as long as somebody follows it."""
        party = scope.organisation_id
        feed = self._feeds.get(party)
        if feed is None:
            feed = self._feeds[party] = PartyFeed(scope, rings=self._rings, readers=self._readers)
            feed.start()
        feed.followers += 1
        try:
            yield feed
        finally:
            feed.followers -= 1
            if not feed.followers:
                del self._feeds[party]
                await feed.stop()

    async def stop(self) -> None:
        """Read nothing more."""
        await asyncio.gather(*(feed.stop() for feed in list(self._feeds.values())))


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """Which entries a stream carries: of these kinds, of this rollout; none named means all."""

    kinds: frozenset[EntryKind] = frozenset()
    rollout_id: int | None = None

    def __bool__(self) -> bool:
        """Return whether anything is left out."""
        return bool(self.kinds) or self.rollout_id is not None

    def messages(self, written: Collection[Written]) -> bytes:
        """Join the messages that are wanted."""
        return b"".join(entry.message for entry in written if self._takes(entry))

    def _takes(self, entry: Written) -> bool:
        is_of_kind = not self.kinds or entry.kind in self.kinds
        return is_of_kind and self.rollout_id in {None, entry.rollout_id}
