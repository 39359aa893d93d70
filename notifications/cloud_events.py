"""Entries of a feed as they leave: read and written as CloudEvents by the database, in one statement a page.

By page, by stream and by webhook the same texts leave, so that no reader can be told something else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from notifications.envelopes import TYPE_PREFIX, schema_address, source_of
from portal.events import feed
from portal.events.kinds import PUBLIC_NAMES, ActivationCode, EntryKind
from portal.events.naming import FeedNames, names_for
from portal.events.regions import feed_regions
from portal.events.written import WrittenEntry, WrittenSlice
from portal.identity.scope import Scope
from portal.kernel import sql


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries of a feed are wanted: of these kinds, rollouts and regions; none named means all."""

    kinds: Sequence[EntryKind] = ()
    rollout_ids: Sequence[int] = ()
    regions: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """The same as a JSON array: the batch format of CloudEvents."""

    items: bytes
    entries: int
    position: int
    head: int


def written_after(
    scope: Scope, position: int | None, *, wanted: EntryFilter | None = None, size: int = 1000
) -> WrittenSlice:
    """Return the entries after a position, and where to go on; none = from the oldest that is kept.

    Raises:
        CursorExpired: some entries after it are no longer kept.
        CursorAhead: there is no such position yet.
    """
    there = feed.bounds(scope)
    after = feed.check_cursor(there, position)
    entries = written_entries(scope, after, wanted=wanted, size=size)
    last, head = _reached(there, len(entries), entries[-1].position if entries else after, size=size)
    return WrittenSlice(entries, last, head)


def page_written_after(
    scope: Scope, position: int | None, *, wanted: EntryFilter | None = None, size: int = 1000
) -> WrittenPage:
    """Return the entries after a position as one text, which the database puts together too.

    Raises:
        CursorExpired: some entries after it are no longer kept.
        CursorAhead: there is no such position yet.
    """
    there = feed.bounds(scope)
    after = feed.check_cursor(there, position)
    params = _params(scope, after, wanted=wanted, size=size)
    page = _as_page(_entries_wanted(scope, wanted))
    entries, last, text = sql.rows(page, params)[0] if params else (0, None, None)
    reached, head = _reached(there, entries, after if last is None else last, size=size)
    return WrittenPage(f"[{text or ''}]".encode(), entries, reached, head)


def written_entries(
    scope: Scope, position: int, *, wanted: EntryFilter | None = None, size: int = 1000
) -> list[WrittenEntry]:
    """Return the entries after a position, in order, at most `size` (10,000 at the most)."""
    params = _params(scope, position, wanted=wanted, size=size)
    statement = _as_rows(_entries_wanted(scope, wanted))
    return [WrittenEntry(*row) for row in sql.rows(statement, params)] if params else []


def json_array(entries: Iterable[WrittenEntry]) -> bytes:
    """Write entries as one JSON array: the batch format of CloudEvents."""
    return f"[{','.join(entry.text for entry in entries)}]".encode()


def _as_rows(entries_wanted: sql.Sql) -> sql.Sql:
    return sql.statement("notifications", "written_entries", entries_wanted=entries_wanted)


def _as_page(entries_wanted: sql.Sql) -> sql.Sql:
    return sql.statement("notifications", "written_page", entries=_as_rows(entries_wanted))


def _entries_wanted(scope: Scope, wanted: EntryFilter | None) -> sql.Sql:
    regions = wanted.regions if wanted else ()
    of_regions = feed_regions().condition(scope, regions) if regions else sql.Sql("true")
    return sql.statement("notifications", "entries_wanted", of_regions=of_regions)


def _reached(there: feed.Bounds, entries: int, last: int, *, size: int) -> tuple[int, int]:
    """Return up to where all has been looked at, and which entry is the newest."""
    head = max(there.head, last)
    # The head was read first: all there was up to it has been looked at, whatever was wanted.
    return (last if entries >= min(size, feed.MOST_AT_ONCE) else head), head


def _params(scope: Scope, position: int, *, wanted: EntryFilter | None, size: int) -> dict[str, Any]:
    """Return what the statement needs, the names its entries speak of included; nothing if there are none."""
    filters = wanted or EntryFilter()
    page = {
        "party": scope.organisation_id,
        "after": position,
        "kinds": [int(kind) for kind in filters.kinds] or None,
        "of_rollouts": list(filters.rollout_ids) or None,
        "size": min(size, feed.MOST_AT_ONCE),
    }
    statement = sql.statement(
        "notifications", "feed_names_wanted", entries_wanted=_entries_wanted(scope, wanted)
    )
    named = sql.rows(statement, page)
    return {**page, **_names(names_for(named), named), **_words(scope)} if named else {}


def _words(scope: Scope) -> dict[str, Any]:
    return {
        "source": _json(source_of(scope.organisation_id)),
        "schema": _json(schema_address()),
        "types": _types(),
        "activated": int(EntryKind.HUB_ACTIVATED),
        "after_halt": int(ActivationCode.AFTER_HALT),
    }


def _names(names: FeedNames, wanted: Collection[Any]) -> dict[str, Any]:
    rollouts = {row.rollout_id for row in wanted} & names.rollouts.keys()
    versions = {row.version_id for row in wanted} & names.versions.keys()
    return {
        "rollouts": list(rollouts),
        "rollout_texts": [_json({"id": each, "name": names.rollouts[each]}) for each in rollouts],
        "versions": list(versions),
        "version_texts": [_json(names.versions[each]) for each in versions],
        "reasons": _by_number({code: _json(word) for code, word in names.reasons.items()}),
    }


@cache
def _types() -> list[str | None]:
    return _by_number({int(kind): _json(TYPE_PREFIX + name) for kind, name in PUBLIC_NAMES.items()})


def _by_number(words: Mapping[int, str]) -> list[str | None]:
    return [words.get(number) for number in range(max(words, default=-1) + 1)]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
