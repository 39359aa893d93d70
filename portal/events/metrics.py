"""How far the relay is behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from portal.events.models import Event, FeedOutbox
from portal.kernel.metrics import Metric

#: More than this many are not counted: the figure says "at least".
MOST_COUNTED: Final = 10_000


def metrics() -> Iterator[Metric]:
    """Yield what waits for the sequencer, up to `MOST_COUNTED`."""
    entries = FeedOutbox.objects.order_by("id")
    facts = Event.objects.filter(position=None).order_by("id")
    for kind, waiting in (("entries", entries), ("facts", facts)):
        yield Metric(
            "portal_relay_waiting",
            f"Feed entries and facts the sequencer has not numbered yet, {MOST_COUNTED} at most",
            len(waiting.values_list("id", flat=True)[:MOST_COUNTED]),
            {"kind": kind},
        )
