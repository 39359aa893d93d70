"""What became of entries: what each party reads in its feed."""

from __future__ import annotations

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox


def entries_by_party(kind: EntryKind) -> dict[int, dict[str, object]]:
    """Return the data of each party's latest entry of one kind."""
    return {entry.party_id: entry.data for entry in FeedOutbox.objects.filter(kind=kind).order_by("id")}
