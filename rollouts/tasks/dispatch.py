"""Ticks that plan and send. A message says only which region; what is due stands in the database."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.core.cache import cache

from portal.kernel import clock
from portal.recurring.ringing import ring
from rollouts import gateways, services

_FOLLOW_UP_EVERY = 5


@shared_task(name="rollouts.tasks.tick_dispatch")
def tick_dispatch(**_later: object) -> None:
    """Ring for halts, for regions with work and a free lease, for planning, and now and then for the rest."""
    now = clock.now()
    ring(dispatch_halts)
    for region in services.regions_with_work(now):
        ring(dispatch_region, region=region)
    ring(dispatch_plan)
    if _is_sped_up() or cache.add("dispatch-follow-up", 1, timeout=_FOLLOW_UP_EVERY):
        ring(dispatch_silence)
        ring(dispatch_completion)


@shared_task(name="rollouts.tasks.dispatch_plan")
def dispatch_plan(**_later: object) -> None:
    """Make commands of what is due; a second one at the same time does nothing."""
    services.plan_due(clock.now())


@shared_task(name="rollouts.tasks.dispatch_region")
def dispatch_region(*, region: int, **_later: object) -> None:
    """Send what is ready in a region, for a bounded time."""
    services.dispatch_region(region, network_of=gateways.network_of, tell_time=clock.now)


@shared_task(name="rollouts.tasks.dispatch_halts")
def dispatch_halts(**_later: object) -> None:
    """Finish what halts have left to do."""
    services.finish_halts(clock.now())


@shared_task(name="rollouts.tasks.dispatch_silence")
def dispatch_silence(**_later: object) -> None:
    """Follow up the hubs nobody has heard of."""
    services.follow_up_silence(clock.now())


@shared_task(name="rollouts.tasks.dispatch_completion")
def dispatch_completion(**_later: object) -> None:
    """Complete the rollouts whose hubs have all come to an end."""
    services.complete_finished(clock.now())


def _is_sped_up() -> bool:
    # In a demonstration a day may pass between two ticks: then every one follows up.
    reading = clock.current_reading() if settings.DEMO else None
    return reading is not None and reading.rate > 1
