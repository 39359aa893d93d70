"""Upkeep: rollouts follow the inventory, and tables the calendar."""

from __future__ import annotations

import structlog
from celery import shared_task

from portal.kernel import clock
from rollouts import services

log = structlog.get_logger(__name__)


@shared_task(name="rollouts.tasks.refresh_eligibility")
def refresh_eligibility(*, rollout_id: int | None = None, **_later: object) -> None:
    """Refresh every open rollout, each night and after an import, or one, once it is published."""
    done = services.refresh_eligibility(now=clock.now(), rollout_id=rollout_id)
    log.info(
        "eligibility.refreshed",
        joined=done.joined,
        withdrawn=done.withdrawn.total(),
        mended=done.mended,
        suspended=done.suspended,
    )


@shared_task(name="rollouts.tasks.make_months")
def make_months(**_later: object) -> None:
    """Lay out the months ahead; a lost tick costs an hour of three months."""
    services.make_months(now=clock.now())
