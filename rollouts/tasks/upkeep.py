"""Daily upkeep: rollouts follow the inventory."""

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
