"""Daily upkeep: rollouts follow the inventory."""

from __future__ import annotations

import structlog
from celery import shared_task

from portal.kernel import clock
from rollouts import services

log = structlog.get_logger(__name__)


@shared_task(name="rollouts.tasks.refresh_eligibility")
def refresh_eligibility(**_later: object) -> None:
    """Refresh every open rollout; sent each night and after an import, and may be sent at any time."""
    done = services.refresh_eligibility(now=clock.now())
    log.info(
        "eligibility.refreshed",
        joined=done.joined,
        withdrawn=done.withdrawn.total(),
        suspended=done.suspended,
    )
