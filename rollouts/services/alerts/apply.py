"""Taking in alerts: stored before they are answered, applied by set, in any order, as often as they come.

Each batch is applied in one transaction: targets, tallies, the SMI, history and the
feed move together or not at all. An alert is kept once, a target is confirmed once, and
the hub's word outranks whatever the portal believed; so messages that are doubled, late
or out of order end in the same state.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import DatabaseError

from portal.kernel import sql
from portal.kernel.crashes import CrashPoint, crash_point
from portal.kernel.refusals import Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from rollouts.models import CspAlertBatch, Rollout
from rollouts.states import (
    ENDED_STATUSES,
    RUNNING_STATUSES,
    RolloutStatus,
)

log = structlog.get_logger(__name__)
STAGED_COLUMNS = ("alert_id", "occurred_at", "guid", "code", "command_id", "reason", "firmware_version")
MOST_WAITING = 400
_NAMING_A_ROLLOUT = ("apply_verified", "apply_failed", "apply_cancelled", "apply_activated")


class TooManyWaiting(Refusal):
    """The portal is behind: the CSP should keep its alerts for a moment."""

    code = "too_many_waiting"
    status = 429


@dataclass(frozen=True, slots=True)
class AppliedBatch:
    """What one batch changed."""

    batch_id: int
    alerts: int
    moved: int


@unit_of_work
def receive_alerts(*, csp_id: int, copy_text: bytes, count: int, received_at: datetime) -> int:
    """Store a call's alerts durably; return the number of the batch.

    Raises:
        TooManyWaiting: so many batches wait that the CSP should come back later.
    """
    waiting = (
        CspAlertBatch.objects.filter(applied_at=None)
        .order_by("id")[:MOST_WAITING]
        .values_list("id", flat=True)
    )
    if len(waiting) >= MOST_WAITING:
        raise TooManyWaiting("Alerts come faster than they can be applied. Send this call again shortly.")
    batch = CspAlertBatch.objects.create(
        csp_id=csp_id, received_at=received_at, count=count, payload=copy_text
    )
    return batch.pk


def apply_waiting(*, now: datetime, seconds: float = 5.0) -> int:
    """Apply batches until none is waiting or the time is up; return how many alerts were applied."""
    until = time.monotonic() + seconds
    total = 0
    while time.monotonic() < until:
        try:
            applied = apply_next_batch(now=now)
        except DatabaseError as problem:
            batch_id = _note_failure(problem=str(problem))
            log.warning("alerts.batch-failed", problem=str(problem), batch_id=batch_id)
            break
        if applied is None:
            break
        total += applied.alerts
    return total


@unit_of_work
def apply_next_batch(*, now: datetime) -> AppliedBatch | None:
    """Apply the oldest batch nobody else is at; None when there is none."""
    batch = _next_in_line()
    if batch is None:
        return None
    sql.execute("rollouts", "stage_alerts")
    # The joins are a few thousand probes by key; left alone, the planner reads whole tables for them.
    sql.set_local(enable_hashjoin="off", enable_mergejoin="off", jit="off")
    sql.copy_blocks("staged_alert", STAGED_COLUMNS, [bytes(batch.payload or b"")])
    moved = _apply_staged(batch, now=now)
    crash_point(CrashPoint.IN_APPLYING)
    batch.applied_at, batch.payload, batch.problem = now, None, ""
    batch.save(update_fields=["applied_at", "payload", "problem"])
    return AppliedBatch(batch_id=batch.pk, alerts=batch.count, moved=moved)


@inside_unit_of_work
def _apply_staged(batch: CspAlertBatch, *, now: datetime) -> int:
    sql.execute("rollouts", "judge_alerts", batch_id=batch.pk, csp_id=batch.csp_id)
    sql.execute("rollouts", "place_stray_alerts")
    sql.execute("rollouts", "place_activations")
    rows = sql.fetch_all("rollouts", "rollouts_of_alerts")
    moved = 0
    rollouts = Rollout.objects.select_related("cpl_entry").filter(pk__in=[row.id for row in rows if row.id])
    for rollout in rollouts.order_by("pk"):  # as everybody meets them
        moved += _apply_to_rollout(rollout, now=now)
    moved += int(sql.fetch_one("rollouts", "apply_versions", now=now).moved)
    sql.execute(
        "rollouts", "keep_unmatched", batch_id=batch.pk, csp_id=batch.csp_id, received_at=batch.received_at
    )
    return moved


def _apply_to_rollout(rollout: Rollout, *, now: datetime) -> int:
    status = RolloutStatus(rollout.status)
    params = {
        "rollout_id": rollout.pk,
        "entry_id": rollout.cpl_entry_id,
        "version": rollout.cpl_entry.firmware_version,
        "halted_at": None
        if status in RUNNING_STATUSES or status == RolloutStatus.COMPLETE
        else rollout.halted_at,
        "has_ended": status in ENDED_STATUSES and status != RolloutStatus.COMPLETE,
        "is_over": status in ENDED_STATUSES,
        "is_running": status in RUNNING_STATUSES,
        "cutoff_at": rollout.cutoff_at,
        "now": now,
    }
    partition = f"rollouts_target_{rollout.pk}"
    moved = 0
    for name in _NAMING_A_ROLLOUT:
        moved += int(sql.rows(sql.statement("rollouts", name, target=partition), params)[0].moved)
    if int(sql.fetch_one("rollouts", "count_meant", rollout_id=rollout.pk).alerts) > moved:
        sql.run(sql.statement("rollouts", "mark_misfits", target=partition), params)
    return moved


@unit_of_work
def _note_failure(*, problem: str) -> int | None:
    """Count a failed try on the batch that was next in line, so that others go before it."""
    batch = _next_in_line()
    if batch is None:
        return None
    batch.attempts += 1
    batch.problem = problem[:2000]
    batch.save(update_fields=["attempts", "problem"])
    return batch.pk


def _next_in_line() -> CspAlertBatch | None:
    return (
        CspAlertBatch.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(applied_at=None)
        .order_by("attempts", "id")
        .first()
    )
