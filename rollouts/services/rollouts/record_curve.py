"""Writing down how many hubs had activated by when, so that curves cost a page next to nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from portal.kernel import sql
from portal.kernel.transactions import unit_of_work
from rollouts.models import Rollout
from rollouts.states import OPEN_STATUSES, RolloutStatus

HOURS_KEPT: Final = timedelta(days=3)
"""For so long a curve has a point an hour; before that, one a day."""
FOLLOWED: Final = timedelta(days=40)
"""For so long after its end a rollout is followed: hubs may still activate."""


@unit_of_work
def note_activations(now: datetime) -> int:
    """Record how far each rollout has come, where that has changed; return how many points were written.

    What activated before the first note is traced from the targets, once.
    """
    rollouts = _followed(now)
    at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    traced = sum(
        sql.execute("rollouts", "trace_activations", rollout_id=row.rollout_id, latest=at)
        for row in sql.fetch_all("rollouts", "unnoted_rollouts", rollouts=rollouts)
    )
    return traced + sql.execute("rollouts", "note_activations", rollouts=rollouts, at=at)


@unit_of_work
def fold_activations(now: datetime) -> int:
    """Keep a point a day of what lies back; return how many points were folded away."""
    return sql.execute("rollouts", "fold_activations", rollouts=_followed(now), before=now - HOURS_KEPT)


def _followed(now: datetime) -> list[int]:
    known = Rollout.objects.exclude(status=RolloutStatus.DRAFT)
    followed = known.filter(Q(status__in=OPEN_STATUSES) | Q(status_at__gte=now - FOLLOWED))
    return sorted(followed.values_list("pk", flat=True))
