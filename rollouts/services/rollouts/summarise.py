"""Notices without an event: reminders before deadlines, and how a day went (R6.7).

Both are asked for again and again; a fact of the journal says what was sent, so each is sent once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.conf import settings

from portal.events.journal import publish_entries, record
from portal.events.kinds import EntryKind
from portal.events.models import Event
from portal.kernel import sql
from portal.kernel.presentation.moments import working_days_left
from portal.kernel.transactions import unit_of_work
from portal.kernel.working_days import local, local_day, start_of_local_day
from rollouts.models import Batch, Rollout
from rollouts.models.governance import Settled
from rollouts.services.governance.act import the_portal
from rollouts.states import OPEN_STATUSES, FailureCode, TargetState

SUMMARISE_AT: Final = time(6, 30)
"""From when a day is told of the day before, local time: before the daily mail."""
_REMINDED, _DIGESTED = "window.reminded", "digest.made"


def summarise(*, now: datetime) -> int:
    """Remind of cut-offs that are near, and tell how yesterday went; return how many notices were written."""
    if local(now).time() < SUMMARISE_AT:
        return 0
    open_rollouts = Rollout.objects.filter(status__in=OPEN_STATUSES).exclude(notified_at=None)
    notices = 0
    for rollout_id in open_rollouts.order_by("pk").values_list("pk", flat=True):
        notices += _remind(rollout_id, now=now)
    since, until = _yesterday(now)
    # Also of rollouts that have ended meanwhile.
    settled = Settled.objects.filter(at__gte=since, at__lt=until).values_list("rollout_id", flat=True)
    for rollout_id in sorted(set(settled.distinct())):
        notices += _notify_day(rollout_id, since=since, until=until, now=now)
    return notices


@unit_of_work
def _remind(rollout_id: int, *, now: datetime) -> int:
    sql.fetch_all("rollouts", "lock_rollout", rollout_id=rollout_id)
    rollout = Rollout.objects.get(pk=rollout_id)
    batches_by_cutoff: defaultdict[datetime, list[int]] = defaultdict(list)
    for batch in Batch.objects.filter(rollout_id=rollout_id, window_closed_at=None).order_by("pk"):
        cutoff_at = batch.cutoff_at or rollout.cutoff_at
        is_near = cutoff_at > now and working_days_left(cutoff_at, now=now) in settings.CUTOFF_REMINDERS
        if is_near and (batch.cutoff_at or rollout.window_closed_at is None):
            batches_by_cutoff[cutoff_at].append(batch.pk)
    return sum(_remind_of(rollout, at, batches, now=now) for at, batches in sorted(batches_by_cutoff.items()))


def _remind_of(rollout: Rollout, cutoff_at: datetime, batches: list[int], *, now: datetime) -> int:
    awaited = Counter[int]()
    for row in sql.fetch_all("rollouts", "awaited_by_party", rollout_id=rollout.pk):
        if row.batch_id in batches:
            awaited[row.party] += row.hubs
    facts = {
        "cutoff_at": cutoff_at.isoformat(),
        "working_days": working_days_left(cutoff_at, now=now),
    }
    if not awaited or not _is_first(_REMINDED, rollout.pk, facts, now=now):
        return 0
    automatic = Batch.objects.get(pk=batches[0]).automatic_at or rollout.automatic_at
    publish_entries(
        EntryKind.WINDOW_CLOSING,
        parties=awaited,
        at=now,
        rollout_id=rollout.pk,
        data={"name": rollout.name, **facts, "automatic_at": automatic.isoformat()},
        data_by_party={party: {"hubs": hubs} for party, hubs in awaited.items()},
    )
    return len(awaited)


@unit_of_work
def _notify_day(rollout_id: int, *, since: datetime, until: datetime, now: datetime) -> int:
    sql.fetch_all("rollouts", "lock_rollout", rollout_id=rollout_id)
    rollout = Rollout.objects.get(pk=rollout_id)
    day = local_day(since).isoformat()
    if not _is_first(_DIGESTED, rollout_id, {"day": day}, now=now):
        return 0
    numbers: defaultdict[int, dict[str, Any]] = defaultdict(lambda: {"activated": 0, "not_confirmed": 0})
    for row in sql.fetch_all("rollouts", "settled_of_day", rollout_id=rollout_id, since=since, until=until):
        own = numbers[row.party]
        if row.state == TargetState.ACTIVATED:
            own["activated"] += row.hubs
        elif row.state == TargetState.NO_CONFIRMATION:
            own["not_confirmed"] += row.hubs
        else:
            reasons = own.setdefault("failed", {})
            reason = FailureCode(row.code).label
            reasons[reason] = reasons.get(reason, 0) + row.hubs
    for row in sql.fetch_all("rollouts", "awaited_by_party", rollout_id=rollout_id):
        if row.party in numbers:
            numbers[row.party]["awaiting_you"] = numbers[row.party].get("awaiting_you", 0) + row.hubs
    publish_entries(
        EntryKind.DIGEST,
        parties=numbers,
        at=now,
        rollout_id=rollout_id,
        data={"name": rollout.name, "day": day},
        data_by_party=numbers,
    )
    return len(numbers)


def _is_first(name: str, rollout_id: int, facts: dict[str, object], *, now: datetime) -> bool:
    """Record that this is sent now; False where it was before. The caller holds the rollout's row."""
    subject = f"rollout:{rollout_id}"
    if Event.objects.filter(subject=subject, name=name, facts__contains=facts).exists():
        return False
    record(name, subject=subject, by=the_portal(), at=now, facts=facts)
    return True


def _yesterday(now: datetime) -> tuple[datetime, datetime]:
    today = local_day(now)
    return start_of_local_day(today - timedelta(days=1)), start_of_local_day(today)
