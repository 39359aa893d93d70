"""Metrics of rollouts: waiting work, failing channels, tally drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from django.core.cache import cache

from portal.kernel import clock, sql
from portal.kernel.metrics import Metric
from rollouts.models import CspAlertBatch, CspChannel, Rollout
from rollouts.states import OPEN_STATUSES, Region, RolloutStatus

#: Where the last recount left its result: by what was recounted, how many rows differ.
DRIFT_KEY: Final = "rollouts:tally-drift"
_MOST_BATCHES: Final = 1_000


def metrics() -> Iterator[Metric]:
    """Yield the figures; each costs a look at an index or at a table of a few rows."""
    yield from _rollouts()
    yield from _channels()
    waiting = CspAlertBatch.objects.filter(applied_at=None).order_by("id").values_list("id", flat=True)
    yield Metric(
        "rollouts_alert_batches_waiting",
        f"Calls of CSPs whose alerts are stored and not applied yet, {_MOST_BATCHES} at most",
        len(waiting[:_MOST_BATCHES]),
    )
    drift: Mapping[str, int] = cache.get(DRIFT_KEY) or {}
    for what, rows in sorted(drift.items()):
        yield Metric(
            "rollouts_tally_drift", "By how much a tally differed from its last recount", rows, {"of": what}
        )


def _rollouts() -> Iterator[Metric]:
    counts = Counter(Rollout.objects.filter(status__in=OPEN_STATUSES).values_list("status", flat=True))
    for status in sorted(OPEN_STATUSES):
        name = RolloutStatus(status).value.lower()
        yield Metric(
            "rollouts_open", "Rollouts that have not ended, by status", counts[status], {"status": name}
        )


def _channels() -> Iterator[Metric]:
    now = clock.now()
    work: dict[int, Any] = {
        row.region: row
        for row in sql.fetch_all(
            "rollouts", "channel_work", hour_ago=now - timedelta(hours=1), day_ago=now - timedelta(days=1)
        )
    }
    for channel in CspChannel.objects.order_by("region"):
        counts, labels = work.get(channel.region), {"region": Region(channel.region).name.lower()}
        figures = (
            ("rollouts_commands_ready", "Commands that are due or will be", counts and counts.ready_commands),
            (
                "rollouts_commands_unsent",
                "Commands claimed and not accepted yet",
                counts and counts.unsent_commands,
            ),
            ("rollouts_channel_failures", "Failed calls in a row to a region's CSP", channel.failures),
        )
        for name, words, value in figures:
            yield Metric(name, words, value or 0, labels)
