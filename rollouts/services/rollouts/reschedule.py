"""The dates of a rollout move, later or earlier, and every hub's time is settled again (R1.2, R5.6).

# Note [Rescheduling]
The dates move in the transaction that enacts the decision; the hubs follow page by page. Until the last page
nothing of the rollout is claimed, so no hub is sent off at a time that no longer holds, and a rollout that
the decision resumes sets off by itself with its new times. Activations dated ahead at an old default are
recalled; such a hub is asked again once its cancel is confirmed, by later passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portal.kernel import locks, sql
from portal.kernel.statements import Sql
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from rollouts import rules
from rollouts.models import Batch, Decision, Rollout
from rollouts.services.dispatch.backoff import is_rested, scanning
from rollouts.services.governance.halt import cancel_hubs
from rollouts.services.instructions.answer import in_guid_order, put_back_unsent
from rollouts.services.instructions.resolve import resolution_sql, slots_of, terms_of
from rollouts.states import ENDED_STATUSES, MOVING_OUTCOMES
from rollouts.states.governing import DecisionStatus

PAGE: Final = 10_000
FIRST: Final = -(2**63)


@dataclass(slots=True)
class Rescheduled:
    """What a pass over the hubs of a rollout whose dates have moved has done."""

    changed: int = 0
    reopened: int = 0
    recalled: int = 0


@inside_unit_of_work
def move_dates(rollout: Rollout, *, automatic_at: datetime, now: datetime) -> dict[str, str]:
    """Move the automatic time and the cut-off of a rollout, and those of its batches.

    A delay moves batches by the same amount; where the date is brought forward they keep their own times, as
    far as these are not later.
    Only a recorded decision may go beyond six months after the notice. Nothing is claimed until
    `finish_delays` has settled the hubs again. The caller holds the rollout's row.
    """
    shift = automatic_at - rollout.automatic_at
    before = {"automatic_at_before": rollout.automatic_at, "cutoff_at_before": rollout.cutoff_at}
    rollout.automatic_at, rollout.cutoff_at = automatic_at, rules.one_month_before(automatic_at)
    if rollout.cutoff_at >= now:
        rollout.window_closed_at = None
    if rollout.unreachable_until is not None and shift > timedelta(0):
        rollout.unreachable_until += shift
    for name in ("pilot_starts_at", "pilot_ends_at"):
        if (planned := getattr(rollout, name)) is not None and planned > automatic_at:
            setattr(rollout, name, None)  # to be planned again
    rollout.is_rescheduling = True
    rollout.save(
        update_fields=[
            "pilot_starts_at",
            "pilot_ends_at",
            "automatic_at",
            "cutoff_at",
            "window_closed_at",
            "unreachable_until",
            "is_rescheduling",
        ]
    )
    for batch in rollout.batches.exclude(automatic_at=None):
        own = batch.automatic_at or automatic_at
        batch.automatic_at = own + shift if shift > timedelta(0) else min(own, automatic_at)
        batch.cutoff_at = rules.one_month_before(batch.automatic_at)
        if batch.cutoff_at >= now:
            batch.window_closed_at = None
        batch.save(update_fields=["automatic_at", "cutoff_at", "window_closed_at"])
    after = {"automatic_at": rollout.automatic_at, "cutoff_at": rollout.cutoff_at}
    return {name: moment.isoformat() for name, moment in {**before, **after}.items()}


def open_windows(rollout: Rollout, *, now: datetime) -> list[int]:
    """Name the batches whose hubs may be instructed, by the dates as they stand."""
    batches = Batch.objects.filter(rollout_id=rollout.pk).order_by("id")
    return [batch.pk for batch in batches if (batch.cutoff_at or rollout.cutoff_at) >= now]


def finish_delays(now: datetime) -> Rescheduled:
    """Settle the hubs of rollouts whose dates have moved, as far as that is left to do."""
    done = Rescheduled()
    waiting = Decision.objects.filter(
        status=DecisionStatus.ENACTED, outcome__in=MOVING_OUTCOMES, finished_at=None
    ).order_by("id")
    for decision in waiting.select_related("rollout"):
        rollout = decision.rollout
        assert rollout is not None  # noqa: S101 - by a constraint: only rollouts have dates
        with locks.attempted(locks.LockClass.RESCHEDULE, rollout.pk) as is_ours:
            if is_ours:
                _follow(decision, rollout, done, now=now)
    return done


def _follow(decision: Decision, rollout: Rollout, done: Rescheduled, *, now: datetime) -> None:
    if rollout.is_rescheduling:
        _walk(rollout.pk, done, only_defaulted=False, now=now)
        _let_go(rollout)
    elif left := _count_left(rollout, now=now):
        key = f"reschedule:{rollout.pk}"
        if is_rested(key, seen=left):  # see Note [Resting between scans]
            with scanning(key, seen=left):
                _walk(rollout.pk, done, only_defaulted=True, now=now)
    if not _count_left(rollout, now=now):
        Decision.objects.filter(pk=decision.pk).update(finished_at=now)


def _walk(rollout_id: int, done: Rescheduled, *, only_defaulted: bool, now: datetime) -> None:
    after: int | None = FIRST
    while after is not None:
        after = _page(rollout_id, done, after=after, only_defaulted=only_defaulted, now=now)


@unit_of_work
def _page(
    rollout_id: int, done: Rescheduled, *, after: int, only_defaulted: bool, now: datetime
) -> int | None:
    # The dates are read under the lock for each page: another decision may have moved them meanwhile.
    sql.fetch_all("rollouts", "hold_rollout", rollout_id=rollout_id)
    rollout = Rollout.objects.get(pk=rollout_id)
    if rollout.status in ENDED_STATUSES:
        return None
    batches = list(Batch.objects.filter(rollout_id=rollout_id).order_by("position", "id"))
    terms = terms_of(rollout, batches, alias="p")
    settled = resolution_sql(slots_of("p"), terms)
    page = sql.statement(
        "rollouts", "reschedule_page", consent=Sql(settled.consent), effective_at=Sql(settled.effective_at)
    )
    in_guid_order()
    params: dict[str, object] = {
        **terms.params,
        "rollout_id": rollout_id,
        "after": after,
        "size": PAGE,
        "only_defaulted": only_defaulted,
        "now": now,
    }
    row = sql.rows(page, params)[0]
    done.changed += row.changed
    done.reopened += row.reopened
    if row.to_recall:
        done.recalled += cancel_hubs(rollout_id=rollout_id, guids=row.to_recall, now=now)
    if row.under_way:
        put_back_unsent(rollout_id, row.under_way, now=now)
    return None if row.last_guid is None else int(row.last_guid)


@unit_of_work
def _let_go(rollout: Rollout) -> None:
    # Unless another delay has moved the dates during the walk: then its hubs are walked once more.
    walked = Rollout.objects.filter(pk=rollout.pk, automatic_at=rollout.automatic_at)
    walked.update(is_rescheduling=False)


def _count_left(rollout: Rollout, *, now: datetime) -> int:
    """Count the hubs that wait to be asked again, in windows that are open."""
    if rollout.status in ENDED_STATUSES:
        return 0
    row = sql.fetch_one(
        "rollouts",
        "defaulted_in_open_windows",
        rollout_id=rollout.pk,
        batch_ids=open_windows(rollout, now=now),
    )
    return int(row.hubs)
