"""The figures a decision rests on, as they stood when it was recommended."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Sum

from rollouts.models.governance import HaltTrip, Incident
from rollouts.models.plans import Rollout
from rollouts.reads.rollouts.shares import shares_of
from rollouts.rules.rates import Rate
from rollouts.states import FAILED_STATES, TargetState
from rollouts.states.governing import COUNTED_INCIDENTS


def figures_of(rollout: Rollout) -> dict[str, Any]:
    """Return the figures of a rollout as a document: states, failure rate, incidents, the latest trip."""
    total = shares_of(rollout.pk).total
    failed = total.count(*FAILED_STATES)
    settled = failed + total.count(TargetState.ACTIVATED)
    incidents = Incident.objects.filter(rollout=rollout, status__in=COUNTED_INCIDENTS)
    counted = incidents.aggregate(n=Count("id"), hubs=Sum("hubs"))
    trip = HaltTrip.objects.filter(rollout=rollout).order_by("-id").first()
    return {
        **total.document(),
        "status": rollout.status,
        "automatic_at": rollout.automatic_at.isoformat(),
        "cutoff_at": rollout.cutoff_at.isoformat(),
        "failures": Rate(failed, settled).document(),
        "incidents": counted["n"],
        "hubs_in_incidents": counted["hubs"] or 0,
        "halt_rule": trip.evidence if trip else None,
    }
