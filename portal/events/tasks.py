"""The sequencer's tick, and the upkeep of the feed."""

from __future__ import annotations

import structlog
from celery import shared_task

from portal.events import retention, sequencer
from portal.kernel import clock

log = structlog.get_logger(__name__)


@shared_task(name="portal.events.tasks.relay")
def relay(**_later: object) -> None:
    """Sequence what has been committed; a lost tick costs half a second."""
    sequencer.sequence_all()


@shared_task(name="portal.events.tasks.keep_feed")
def keep_feed(**_later: object) -> None:
    """Make the months ahead and forget what is too old; a lost tick costs an hour."""
    forgotten = retention.keep_feed(now=clock.now())
    if forgotten:
        log.info("feed.forgotten", months=forgotten)
