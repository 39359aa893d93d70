"""Keeping the counts folded, proving them, and writing down how they grow."""

from __future__ import annotations

import structlog
from celery import shared_task

from portal.kernel import clock
from rollouts import services
from rollouts.models import Rollout
from rollouts.states import OPEN_STATUSES

log = structlog.get_logger(__name__)


@shared_task(name="rollouts.tasks.fold_tallies")
def fold_tallies(**_later: object) -> None:
    """Fold what has grown; a lost tick leaves a few more rows to sum."""
    services.fold_tallies()
    services.fold_estate_tally()


@shared_task(name="rollouts.tasks.reconcile_tallies")
def reconcile_tallies(**_later: object) -> None:
    """Recount every open rollout, and say so loudly if a tally differs."""
    for rollout_id in Rollout.objects.filter(status__in=OPEN_STATUSES).values_list("id", flat=True):
        drift = services.measure_drift(rollout_id=rollout_id)
        if drift.total:
            log.error("tally.drift", rollout_id=rollout_id, state=drift.state, plan=drift.plan)
    if hubs := services.measure_estate_drift():
        log.error("tally.estate-drift", hubs=hubs)


@shared_task(name="rollouts.tasks.note_activations")
def note_activations(**_later: object) -> None:
    """Write down how far each rollout has come: what the curves on pages are drawn from."""
    now = clock.now()
    services.note_activations(now)
    services.fold_activations(now)
