"""The sequencer's tick."""

from __future__ import annotations

from celery import shared_task

from portal.events import sequencer


@shared_task(name="portal.events.tasks.relay")
def relay(**_later: object) -> None:
    """Sequence what has been committed; a lost tick costs half a second."""
    sequencer.sequence_all()
