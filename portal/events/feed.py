"""Reading a party's feed by cursor: what a page, a CRM, a stream and a webhook all follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import BadInput, Refusal

MOST_AT_ONCE = 10_000


class CursorExpired(Refusal):
    """Entries after this cursor are no longer kept: whoever goes on from it would miss some, unknowing."""

    code = "cursor_expired"
    status = 410


class CursorAhead(BadInput):
    """The cursor lies beyond the newest entry: it is not from this feed."""

    code = "cursor_ahead"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a party's feed; `guid` is in database form, none for a coarse entry."""

    position: int
    kind: EntryKind
    at: datetime
    rollout_id: int | None
    guid: int | None
    version_id: int | None
    code: int
    data: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What there is of a party's feed: the newest entry is `head`, those up to `dropped_to` are forgotten."""

    dropped_to: int
    head: int


@dataclass(frozen=True, slots=True)
class FeedSlice:
    """Some entries in order. Everything up to `position` has been read: it is where to go on."""

    entries: list[Entry]
    position: int
    head: int


def slice_after(
    scope: Scope, position: int | None, *, kinds: Sequence[EntryKind] = (), size: int = 1000
) -> FeedSlice:
    """Return the entries after a position, and where to go on; none = from the oldest that is kept.

    Raises:
        CursorExpired: some entries after it are no longer kept.
        CursorAhead: there is no such position yet.
    """
    there = bounds(scope)
    after = check_cursor(there, position)
    entries = entries_after(scope, after, kinds=kinds, size=size)
    if len(entries) >= min(size, MOST_AT_ONCE):
        return FeedSlice(entries, entries[-1].position, max(there.head, entries[-1].position))
    # The head was read first: all there was up to it has been looked at, whatever the kinds.
    last = max(there.head, entries[-1].position if entries else 0)
    return FeedSlice(entries, last, last)


def check_cursor(there: Bounds, position: int | None) -> int:
    """Return the position to read after.

    Raises:
        CursorExpired: some entries after it are no longer kept.
        CursorAhead: there is no such position yet.
    """
    if position is None:
        return there.dropped_to
    if position < there.dropped_to:
        raise CursorExpired(
            f"Entries up to {there.dropped_to} are no longer kept. Read your estate afresh, then go on after"
            f" {there.dropped_to}.",
            facts={"oldest": there.dropped_to, "head": there.head},
        )
    if position > there.head:
        raise CursorAhead(f"The newest entry is {there.head}.", facts={"head": there.head})
    return position


def entries_after(
    scope: Scope, position: int, *, kinds: Sequence[EntryKind] = (), size: int = 1000
) -> list[Entry]:
    """Return the entries after a position, in order, at most `size` (10,000 at the most)."""
    rows = sql.fetch_all(
        "portal.events",
        "feed_entries",
        party=scope.organisation_id,
        after=position,
        kinds=[int(kind) for kind in kinds] or None,
        size=min(size, MOST_AT_ONCE),
    )
    return [
        Entry(
            r.position,
            EntryKind(r.kind),
            r.at,
            r.rollout_id,
            r.guid,
            r.version_id,
            r.code,
            sql.from_json(r.data),
        )
        for r in rows
    ]


def position_before(scope: Scope, since: datetime) -> int:
    """Return the position after which every entry from a moment on is found."""
    first = sql.fetch_one("portal.events", "first_since", party=scope.organisation_id, since=since).first
    return bounds(scope).head if first is None else int(first) - 1


def head(scope: Scope) -> int:
    """Return the last position given out to the party; 0 when it has no entries yet."""
    return bounds(scope).head


def bounds(scope: Scope) -> Bounds:
    """Return what there is of the party's feed."""
    rows = sql.fetch_all("portal.events", "feed_bounds", party=scope.organisation_id)
    return Bounds(int(rows[0].dropped_to), int(rows[0].position)) if rows else Bounds(0, 0)


def gaps() -> int:
    """Count positions that should be there and hold no entry, over all parties; 0 by construction."""
    return int(sql.fetch_one("portal.events", "count_gaps").gaps)
