"""Reading a party's feed by cursor: what a page, a CRM, a stream and a webhook all follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from portal.kernel import sql


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


def entries_after(
    scope: Scope, position: int, *, kinds: Sequence[EntryKind] = (), size: int = 1000
) -> list[Entry]:
    """Return the entries after a position, in order, at most `size` (10,000 at the most)."""
    found = sql.rows(
        """
        SELECT feed.position, feed.kind, feed.at, feed.rollout_id, feed.guid, feed.version_id, feed.code,
               feed.data
          FROM events_feed_entry AS feed
         WHERE feed.party_id = %(party)s AND feed.position > %(after)s
           AND (%(kinds)s::int[] IS NULL OR feed.kind = ANY(%(kinds)s))
         ORDER BY feed.position
         LIMIT %(size)s
        """,
        {
            "party": scope.organisation_id,
            "after": position,
            "kinds": [int(kind) for kind in kinds] or None,
            "size": min(size, 10_000),
        },
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
        for r in found
    ]


def head(scope: Scope) -> int:
    """Return the last position given out to the party; 0 when it has no entries yet."""
    found = sql.rows(
        "SELECT position FROM events_feed_head WHERE party_id = %(party)s", {"party": scope.organisation_id}
    )
    return int(found[0].position) if found else 0


def gaps() -> int:
    """Count positions that were given out and hold no entry, over all parties; 0 by construction."""
    found = sql.rows(
        """
        SELECT coalesce(sum(head.position - coalesce(held.n, 0)), 0) AS gaps
          FROM events_feed_head AS head
          LEFT JOIN (SELECT party_id, count(DISTINCT position) AS n
                       FROM events_feed_entry GROUP BY party_id) AS held
            ON held.party_id = head.party_id
        """
    )
    return int(found[0].gaps)
