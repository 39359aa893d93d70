"""Waiting for a party's feed to grow, in a process that answers in threads: one subscription for all of them.

The broker only rings. Where it cannot be reached, or a ring is lost, a waiter looks by itself each second.
"""

from __future__ import annotations

import signal
import threading
import time
from functools import cache
from types import FrameType
from typing import Final

import orjson
import redis
import structlog
from django.conf import settings

from portal.events.wakeups import CHANNEL

log = structlog.get_logger(__name__)
_LOOKS_EVERY: Final = 1.0
_AGAIN_AFTER: Final = 1.0
_IDLE: Final = 30.0
_ending: Final = threading.Event()


class Listener:
    """What the broker has rung so far, and those who wait for more."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._heads: dict[int, int] = {}
        self._rung = threading.Condition()
        self._waiting = 0
        self._thread: threading.Thread | None = None

    def wait(self, party: int, *, beyond: int, seconds: float) -> None:
        """Wait until the feed of a party is rung beyond a position, or the time is up."""
        with self._rung:
            self._listen()
            self._waiting += 1
            try:
                self._rung.wait_for(lambda: self._heads.get(party, 0) > beyond, timeout=seconds)
            finally:
                self._waiting -= 1

    def _listen(self) -> None:
        # A thread does not survive a fork, so it is started by the first who waits in this process.
        if self._url and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._follow, name="feed-listener", daemon=True)
            self._thread.start()

    def _follow(self) -> None:
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < _IDLE:
            try:
                with (
                    redis.Redis.from_url(self._url, socket_connect_timeout=1) as client,
                    client.pubsub() as heard,
                ):
                    heard.subscribe(CHANNEL)
                    while time.monotonic() - idle_since < _IDLE:
                        self._take(heard.get_message(ignore_subscribe_messages=True, timeout=_LOOKS_EVERY))
                        if self._waiting:
                            idle_since = time.monotonic()
            except redis.RedisError as problem:
                log.warning("listener.deaf", problem=str(problem))
                time.sleep(_AGAIN_AFTER)

    def _take(self, message: dict[str, object] | None) -> None:
        if message is None or not isinstance(message["data"], bytes):
            return
        heads = {int(party): int(position) for party, position in orjson.loads(message["data"]).items()}
        with self._rung:
            self._heads.update(heads)
            self._rung.notify_all()


def end_waits() -> None:
    """Let nobody wait in this process any more: it stops. Whoever waits is answered within a second."""
    _ending.set()


def has_ended() -> bool:
    """Return whether this process stops, and waits are to be short."""
    return _ending.is_set()


def end_waits_at_stop() -> None:
    """End waits when the server's worker is told to stop, before it does what it does then."""
    before = signal.getsignal(signal.SIGTERM)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        return  # nobody waits for requests to end

    def stop(number: int, frame: FrameType | None) -> None:
        end_waits()
        before(number, frame)

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - what is being answered goes on


def wait_for_entries(party: int, *, beyond: int, seconds: float) -> None:
    """Wait until the feed of a party may have grown beyond a position: a second at most, then look."""
    _listener(settings.REDIS_URL).wait(party, beyond=beyond, seconds=min(seconds, _LOOKS_EVERY))


@cache
def _listener(url: str) -> Listener:
    return Listener(url)
