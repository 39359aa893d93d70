"""The sequencer's tick, and the upkeep of the feed."""

from __future__ import annotations

import structlog
from celery import shared_task

from portal.events import retention, sequencer, wakeups
from portal.kernel import clock
from portal.recurring.resting import TickTask, wake_ticks

log = structlog.get_logger(__name__)


@shared_task(base=TickTask, name=wakeups.SEQUENCER)
def relay(**_later: object) -> bool:
    """Sequence what has been committed, and have everybody look what it leads to."""
    wakeups.hear_ring()
    moved = sequencer.sequence_all()
    if moved:
        wake_ticks()
    return moved > 0


@shared_task(name="portal.events.tasks.keep_feed")
def keep_feed(**_later: object) -> None:
    """Make the months ahead and forget what is too old; a lost tick costs an hour."""
    forgotten = retention.keep_feed(now=clock.now())
    if forgotten:
        log.info("feed.forgotten", months=forgotten)
