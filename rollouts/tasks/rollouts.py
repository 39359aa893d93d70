"""Keep rollouts equal to the inventory, and their counts folded, proved and recorded over time."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.core.cache import cache

from portal.kernel import clock
from portal.recurring.resting import TickTask
from rollouts import services
from rollouts.models import Rollout
from rollouts.queries.rollouts.measures import DRIFT_KEY
from rollouts.states import OPEN_STATUSES

log = structlog.get_logger(__name__)


@shared_task(base=TickTask, name="rollouts.tasks.fold_tallies")
def fold_tallies(**_later: object) -> bool:
    """Fold what has grown; a lost tick leaves a few more rows to sum."""
    folded = services.fold_tallies()
    return services.fold_estate_tally() or folded > 0


@shared_task(name="rollouts.tasks.summarise")
def summarise(**_later: object) -> None:
    """Remind of cut-offs that are near, and tell how yesterday went; each is told once."""
    services.summarise(now=clock.now())


@shared_task(name="rollouts.tasks.reconcile_tallies")
def reconcile_tallies(**_later: object) -> None:
    """Recount open rollouts and the estate; publish the differences, and say so loudly if there is one."""
    drifts: dict[str, int] = {}
    for rollout_id in Rollout.objects.filter(status__in=OPEN_STATUSES).values_list("id", flat=True):
        drift = services.measure_drift(rollout_id=rollout_id)
        drifts[f"rollout {rollout_id}"] = drift.total
        if drift.total:
            log.error("tally.drift", rollout_id=rollout_id, state=drift.state, plan=drift.plan)
    drifts["estate"] = services.measure_estate_drift()
    if drifts["estate"]:
        log.error("tally.estate-drift", hubs=drifts["estate"])
    cache.set(DRIFT_KEY, drifts, timeout=None)


@shared_task(name="rollouts.tasks.note_activations")
def note_activations(**_later: object) -> None:
    """Record how far each rollout has come: what the curves on pages are drawn from."""
    now = clock.now()
    services.note_activations(now)
    services.fold_activations(now)


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
