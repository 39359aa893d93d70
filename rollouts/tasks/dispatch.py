"""Ticks that plan and send. A message says only which region; what is due stands in the database."""

from __future__ import annotations

from datetime import datetime

from celery import shared_task
from django.core.cache import cache

from portal.kernel import clock
from portal.recurring.resting import TickTask, is_sped_up, wake_ticks
from portal.recurring.ringing import ring
from rollouts import gateways, services

_FOLLOW_UP_EVERY = 5


@shared_task(base=TickTask, name="rollouts.tasks.tick_dispatch")
def tick_dispatch(**_later: object) -> bool:
    """Ring for halts, for regions with work and a free lease, for planning, and now and then for the rest."""
    now = clock.now()
    ring(dispatch_halts)
    regions = _ring_regions(now)
    ring(dispatch_plan)
    if is_sped_up() or cache.add("dispatch-follow-up", 1, timeout=_FOLLOW_UP_EVERY):
        ring(dispatch_silence)
        ring(dispatch_completion)
    return bool(regions)


@shared_task(name="rollouts.tasks.dispatch_plan")
def dispatch_plan(**_later: object) -> None:
    """Make commands of what is due; a second one at the same time does nothing."""
    if services.plan_due(clock.now()):
        _ring_regions(clock.now())
        wake_ticks()


@shared_task(name="rollouts.tasks.dispatch_region")
def dispatch_region(*, region: int, **_later: object) -> None:
    """Send what is ready in a region, for a bounded time."""
    if services.dispatch_region(region, network_of=gateways.network_of, tell_time=clock.now):
        wake_ticks()  # its time is up and there may be more


@shared_task(name="rollouts.tasks.dispatch_halts")
def dispatch_halts(**_later: object) -> None:
    """Finish what halts have left to do."""
    services.finish_halts(clock.now())


@shared_task(name="rollouts.tasks.dispatch_silence")
def dispatch_silence(**_later: object) -> None:
    """Follow up the hubs nobody has heard of; all of them, where the database has forgotten."""
    services.read_after_restore(clock.now())
    services.follow_up_silence(clock.now())


@shared_task(name="rollouts.tasks.dispatch_completion")
def dispatch_completion(**_later: object) -> None:
    """Complete the rollouts whose hubs have all come to an end."""
    services.complete_finished(clock.now())


def _ring_regions(now: datetime) -> list[int]:
    regions = services.regions_with_work(now)
    for region in regions:
        ring(dispatch_region, region=region)
    return regions
