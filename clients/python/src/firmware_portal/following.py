"""Following the feed: entry after entry, by long poll or by stream, from a cursor that you keep."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import httpx

from firmware_portal.generated.api.events import list_events
from firmware_portal.generated.models import Event
from firmware_portal.portal import Portal
from firmware_portal.refusals import NoStream, Refused
from firmware_portal.waiting import pause_after

log = logging.getLogger("firmware_portal")
Way = Literal["poll", "stream"]
PATH: Final = "/api/v1/events/stream"
_NO_ENTRY: Final = {404, 405, 406}
_SHORTEST: Final = 1.0


@dataclass(frozen=True)
class Batch:
    """Some entries in order. You have read everything up to `position`, also where some were left out."""

    events: Sequence[Event]
    position: int


class Cursor(Protocol):
    """Where the position is kept: best in the transaction that keeps what you did with the entries."""

    def load(self) -> int | None:
        """Return the position you have read up to; none: begin with the oldest entry that is kept."""

    def save(self, position: int) -> None:
        """Keep a position; called once the batch that ends there has been dealt with."""


class FileCursor:
    """A cursor in a file of its own, which is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> int | None:
        """Return the position."""
        return int(self._path.read_text()) if self._path.exists() else None

    def save(self, position: int) -> None:
        """Keep a position."""
        beside = self._path.with_suffix(".new")
        beside.write_text(str(position))
        beside.replace(self._path)


class MemoryCursor:
    """A cursor that lasts as long as the program."""

    def __init__(self, position: int | None = None) -> None:
        self.position = position

    def load(self) -> int | None:
        """Return the position."""
        return self.position

    def save(self, position: int) -> None:
        """Keep a position."""
        self.position = position


def now(portal: Portal) -> int:
    """Return the position of the newest entry: take it before you read the estate."""
    return portal.call(list_events.sync, after="now", limit=1).position


def follow(
    portal: Portal,
    cursor: Cursor,
    *,
    by: Way = "poll",
    kinds: Sequence[str] = (),
    rollout_id: int | None = None,
    until: threading.Event | None = None,
    wait: int = 20,
    limit: int = 1_000,
) -> Iterator[Batch]:
    """Yield what happens, for ever: in order, without gaps, at least once.

    A position is saved when the next batch is asked for. After a crash before that the batch comes again,
    so know entries by their `id`. Lost connections, 429 and failures of the portal are waited out and logged.

    Raises:
        CursorExpired: entries after the cursor are no longer kept: read the estate afresh.
        AccessRefused: the client has no access any more.
        NoStream: there is no stream at the address given.
        Refused: the portal refuses otherwise, for good.
    """
    until = until or threading.Event()
    query = _query(kinds, rollout_id)
    attempt = 0
    while not until.is_set():
        began = time.monotonic()
        pause = 0.0
        try:
            for batch in _read(portal, cursor, by, query, wait, limit):
                attempt, began = 0, 0.0
                if batch is not None:
                    yield batch
                    cursor.save(batch.position)
                if until.is_set():
                    return
            pause = began + _SHORTEST - time.monotonic()  # where the portal did not let us wait
        except (httpx.TransportError, Refused) as failure:
            _check_may_pass(failure)
            pause = pause_after(None, attempt)
            log.warning("The feed is interrupted, again in %.1f s: %s", pause, failure)
            attempt += 1
        until.wait(max(pause, 0.0))


def _query(kinds: Sequence[str], rollout_id: int | None) -> dict[str, Any]:
    query: dict[str, Any] = {"kinds": ",".join(kinds)} if kinds else {}
    return query if rollout_id is None else {**query, "rollout_id": rollout_id}


def _check_may_pass(failure: Exception) -> None:
    if isinstance(failure, Refused) and not failure.is_temporary:
        raise failure


def _read(
    portal: Portal, cursor: Cursor, by: Way, query: dict[str, Any], wait: int, limit: int
) -> Iterator[Batch | None]:
    after = cursor.load()
    if by == "stream" and after is not None:  # of a stream without a cursor comes only what is new
        yield from _stream(portal, after, query)
        return
    place = {} if after is None else {"after": str(after)}
    page = portal.call(list_events.sync, **place, **query, wait=wait, limit=limit)
    if page.items or page.position != after:
        yield Batch(page.items, page.position)


def _stream(portal: Portal, after: int, query: dict[str, Any]) -> Iterator[Batch | None]:
    """Yield entries as they come, and None for a sign of life, until the portal ends the stream."""
    headers = {"Last-Event-ID": str(after), "Accept": "text/event-stream"}
    address = portal.stream_url + PATH
    try:
        with portal.http.stream("GET", address, params=query, headers=headers) as response:
            yield from _batches(response.iter_lines())
    except Refused as refused:
        if refused.status in _NO_ENTRY:
            words = f"There is no stream of events at {address}: name its address (stream_url), or poll."
            raise NoStream(words) from refused
        raise


def _batches(lines: Iterator[str]) -> Iterator[Batch | None]:
    """Read server-sent events, of which the portal writes each part on one line."""
    message: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if not line:
            yield _batch(message)
            message = {}
        elif name:
            message[name] = value.removeprefix(" ")
        else:
            yield None


def _batch(message: dict[str, str]) -> Batch | None:
    if message.get("event") == "entry":
        return Batch([Event.from_dict(json.loads(message["data"]))], int(message["id"]))
    return Batch([], int(message["id"])) if message.get("event") == "head" else None
