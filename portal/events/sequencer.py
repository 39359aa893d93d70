"""The sequencer: gives each feed entry its position and each fact its link in the hash chain.

Use cases write entries and facts in their own transactions, in any order; a sequence
number alone would let a reader step over what commits late. So one process at a time
(an advisory lock decides which) moves what has been committed. A long publish never
holds it back, and a cursor never skips an entry.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.conf import settings
from django.utils.module_loading import import_string

from portal.events import wakeups
from portal.events.kinds import EntryKind
from portal.events.models import Event
from portal.kernel import history, locks, sql
from portal.kernel.crashes import CrashPoint, crash_point
from portal.kernel.transactions import run_after_commit, unit_of_work

BATCH = 20_000
_FACTS = 500
GENESIS = b"\x00" * 32


@dataclass(frozen=True, slots=True)
class CoarseEntry:
    """An entry about no single hub, as it is shown to the subscribers."""

    party_id: int
    position: int
    kind: EntryKind
    rollout_id: int | None
    at: datetime
    data: dict[str, Any]


Subscriber = Callable[[Sequence[CoarseEntry]], None]


def sequence_all(*, seconds: float = 0.4) -> int:
    """Sequence until nothing is waiting or the time is up; return how many entries and facts moved."""
    until = time.monotonic() + seconds
    total = 0
    while moved := sequence_next():
        total += moved
        if time.monotonic() > until:
            break
    return total


@unit_of_work
def sequence_next(*, size: int = BATCH) -> int:
    """Sequence one batch of entries and facts; 0 when none waits or another process is at it.

    Subscribers see each coarse entry in the same transaction, so exactly once.
    """
    if not locks.held_in_transaction(locks.LockClass.SEQUENCER, 0):
        return 0
    if history.has_turned(history.HistoryPart.FEED):
        sql.execute("portal.events", "resume_positions")
    rows = sql.fetch_all("portal.events", "sequence_feed", size=size)
    crash_point(CrashPoint.IN_SEQUENCING)
    coarse = [
        CoarseEntry(
            row.party_id,
            row.position,
            EntryKind(row.kind),
            row.rollout_id,
            row.at,
            sql.from_json(row.data) or {},
        )
        for row in rows
        if row.guid is None
    ]
    for subscriber in _subscribers() if coarse else ():
        subscriber(coarse)
    heads = {row.party_id: row.position for row in rows if row.guid is not None}
    if heads:
        run_after_commit(lambda: wakeups.wake_listeners(heads))
    return (rows[0].moved if rows else 0) + _chain_facts()


def broken_links(*, after: int = 0) -> Iterator[int]:
    """Walk the hash chain and yield the position of each fact that does not fit; none = intact."""
    previous: bytes | None = None
    for event in Event.objects.filter(position__gt=after).order_by("position").iterator(chunk_size=2000):
        if previous is None:
            previous = bytes(event.previous_hash or GENESIS) if after else GENESIS
        digest = _digest(event, previous)
        if bytes(event.previous_hash or b"") != previous or bytes(event.hash or b"") != digest:
            yield event.position or 0
        previous = bytes(event.hash or b"")


def _chain_facts() -> int:
    events = list(Event.objects.filter(position=None).order_by("id")[:_FACTS])
    if not events:
        return 0
    last = Event.objects.exclude(position=None).order_by("-position").first()
    position, previous = (last.position or 0, bytes(last.hash or b"")) if last else (0, GENESIS)
    for event in events:
        position += 1
        event.position, event.previous_hash = position, previous
        event.hash = previous = _digest(event, previous)
    Event.objects.bulk_update(events, ["position", "previous_hash", "hash"])
    return len(events)


def _digest(event: Event, previous: bytes) -> bytes:
    content = [
        event.position,
        event.name,
        event.subject,
        event.organisation_id,
        event.actor_id,
        event.actor_name,
        event.happened_at.astimezone(UTC).isoformat(),
        event.facts,
    ]
    return hashlib.sha256(previous + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def _subscribers() -> list[Subscriber]:
    return [import_string(path) for path in settings.EVENT_SUBSCRIBERS]
