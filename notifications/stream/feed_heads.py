"""What the broker rings, for everybody in this process: one subscription, and a look each second.

The look at the database makes up for rings that were lost, and takes the broker's place where there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import orjson
import redis.asyncio
import structlog

from notifications.stream.subscribers import ANYBODY
from portal.events.wakeups import ACCESS_CHANNEL, CHANNEL

log = structlog.get_logger(__name__)
LOOKS_EVERY: Final = 1.0
_AGAIN_AFTER: Final = 1.0
Look = Callable[[], Awaitable[Mapping[int, int]]]


class FeedHeads:
    """How far the feed of each party has come, when it last moved, and who waits for the next move."""

    def __init__(self, url: str, look: Look) -> None:
        self._url = url
        self._look = look
        self._heads: dict[int, int] = {}
        self._moved_at: dict[int, float] = {}
        self._waiting: dict[int, set[asyncio.Event]] = {}
        self._access: Counter[int] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self.began_at = time.time()

    async def start(self) -> None:
        """Begin to listen; what has happened before moves nobody."""
        self._heads = dict(await self._look())
        self.began_at = time.time()
        self._tasks = [asyncio.create_task(self._look_always())]
        if self._url:
            self._tasks.append(asyncio.create_task(self._listen_always()))

    async def stop(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def head(self, party: int) -> int:
        """Return how far a party's feed has come, as far as is known here; of anybody's, how far all have."""
        return sum(self._heads.values()) if party == ANYBODY else self._heads.get(party, 0)

    def access(self, party: int) -> int:
        """Count how often a party's people or systems have lost or changed what they may do."""
        return self._access[party]

    def has_moved_since(self, party: int, moment: float) -> bool:
        """Return whether a party's feed has moved since a moment; before we began to listen nobody knows."""
        return self._moved_at.get(party, self.began_at) >= moment

    @contextlib.contextmanager
    def waiting(self, party: int) -> Iterator[asyncio.Event]:
        """Be told when a party's feed moves, by an event that is set (and that the waiter clears)."""
        event = asyncio.Event()
        self._waiting.setdefault(party, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[party].discard(event)
            if not self._waiting[party]:
                del self._waiting[party]

    def take(self, heads: Mapping[int, int]) -> None:
        """Wake those who wait for a feed that has moved."""
        moved = {party for party, head in heads.items() if head > self._heads.get(party, 0)}
        if not moved:
            return
        now = time.time()
        self._heads.update({party: heads[party] for party in moved})
        for party in (*moved, ANYBODY):
            self._moved_at[party] = now
            for event in self._waiting.get(party, ()):
                event.set()

    async def _look_always(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_EVERY)
            try:
                self.take(await self._look())
            except Exception as problem:  # noqa: BLE001 - the database is away: it will come back
                log.warning("rings.blind", problem=repr(problem))

    async def _listen_always(self) -> None:
        while True:
            try:
                async with (
                    redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=2) as client,
                    client.pubsub(ignore_subscribe_messages=True) as heard,
                ):
                    await heard.subscribe(CHANNEL, ACCESS_CHANNEL)
                    async for message in heard.listen():
                        if message["channel"] == ACCESS_CHANNEL.encode():
                            self._access[int(message["data"])] += 1
                        else:
                            self.take(_heads_in(message))
            except redis.RedisError as problem:
                log.warning("rings.deaf", problem=str(problem))
            await asyncio.sleep(_AGAIN_AFTER)


def _heads_in(message: Mapping[str, Any]) -> dict[int, int]:
    return {int(party): int(position) for party, position in orjson.loads(message["data"]).items()}
