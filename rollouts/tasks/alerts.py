"""Applying what the CSPs have sent."""

from __future__ import annotations

from celery import shared_task

from portal.kernel import clock
from portal.recurring.resting import TickTask
from rollouts import services


@shared_task(name="rollouts.tasks.apply_alerts")
def apply_alerts(**_later: object) -> None:
    """Apply waiting batches for a few seconds; a lost ring costs a few seconds, the tick finds them."""
    services.apply_waiting(now=clock.now())


@shared_task(base=TickTask, name="rollouts.tasks.tick_ingest")
def tick_ingest(**_later: object) -> bool:
    """Look for batches nobody was told of."""
    return services.apply_waiting(now=clock.now()) > 0
