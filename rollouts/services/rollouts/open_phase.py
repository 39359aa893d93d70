"""Phases of the safe launch: a batch opens once the one before it has succeeded and soaked (R3.7).

The gate's settings stand with the batch: `success` (the share of settled hubs that run the new firmware),
`settled` (the share of the earlier batch's hubs that must have settled), `minimum` (so many at least) and
`soak_hours`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import locks
from portal.kernel.refusals import BadInput, NotFound
from portal.kernel.transactions import unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import Batch, Rollout
from rollouts.reads.rollouts.gates import Gate, batch_before, gate_values, live_of, settled_of
from rollouts.reads.rollouts.shares import Share, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.rules.rates import Rate
from rollouts.services.governance.act import the_portal
from rollouts.services.rollouts.step import StepRefused
from rollouts.states import ENDED_STATUSES, BatchKind, RolloutStatus, TargetState

_LONGEST_SOAK_HOURS: Final = 24 * 90


@unit_of_work
def set_phase(
    scope: Scope,
    *,
    batch_id: int,
    success: float,
    soak_hours: float,
    settled: float = 0.95,
    minimum: int = 1,
    expected: str | None = None,
    now: datetime,
) -> Batch:
    """Put a gate before a batch: it opens once the batch before it has succeeded, and soaked for so long.

    A gate that stood open shuts: what is on its way goes on, nothing new begins. `expected` is the
    `version_of` the `gate_values` that were seen: one opened meanwhile is not shut unseen.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such batch.
        StepRefused: the rollout has ended, or no batch stands before this one.
        BadInput: the terms make no sense.
        EditConflict: the gate is not as `expected`.
    """
    scope.check(*MAY_OPERATE)
    if not (0 < success <= 1 and 0 < settled <= 1):
        raise BadInput("Give the shares that must have settled, and succeeded, as more than 0 and at most 1.")
    if minimum < 1 or not 0 <= soak_hours <= _LONGEST_SOAK_HOURS:
        raise BadInput("Give a minimum of at least one hub, and a soak time of at most 90 days.")
    unlocked = Batch.objects.filter(pk=batch_id, kind=BatchKind.SAFE_LAUNCH).first()
    if unlocked is None:
        raise NotFound("There is no such batch.")
    rollout = locked_rollout(scope, unlocked.rollout_id)
    if rollout.status in ENDED_STATUSES:
        raise StepRefused("The rollout has ended.")
    batch = Batch.objects.get(pk=batch_id)
    before = batch_before(batch)
    if before is None:
        raise StepRefused("No batch stands before this one.")
    if 0 < (live := live_of(shares_of(rollout.pk, batch_id=before.pk).total)) < minimum:
        raise BadInput(f"“{before.name}” has {live:,} hubs: give a minimum of at most as many.")
    check_version(expected, gate_values(Gate.read(batch), is_open=batch.gate_open))
    terms = {"success": success, "settled": settled, "minimum": minimum, "soak_hours": soak_hours}
    # "manual" keeps the gate shut when the pilot is accepted; by hand it may be opened all the same.
    batch.gate_settings, batch.gate_open = {"manual": False, **terms}, False
    batch.save(update_fields=["gate_settings", "gate_open"])
    _record(scope, batch, "batch.phase-set", now=now, **terms)
    return batch


def open_due_phases(now: datetime) -> int:
    """Open each phase whose earlier batch has succeeded and soaked; one process at a time. Say how many."""
    with locks.attempted(locks.LockClass.PHASES, 0) as is_ours:
        if not is_ours:
            return 0
        waiting = Batch.objects.filter(
            gate_open=False,
            gate_settings__has_key="success",
            rollout__status__in=[RolloutStatus.SAFE_LAUNCH, RolloutStatus.SUSPENDED, RolloutStatus.PAUSED],
        ).order_by("rollout_id", "position")
        return sum(_look(batch_id, now=now) for batch_id in waiting.values_list("id", flat=True))


@unit_of_work
def _look(batch_id: int, *, now: datetime) -> bool:
    by = the_portal()
    rollout = locked_rollout(by, Batch.objects.values_list("rollout_id", flat=True).get(pk=batch_id))
    batch = Batch.objects.get(pk=batch_id)
    gate, before = Gate.read(batch), batch_before(batch)
    if gate is None or before is None or batch.gate_open:
        return False
    share = shares_of(rollout.pk, batch_id=before.pk).total
    is_reached = rollout.status == RolloutStatus.SAFE_LAUNCH and before.gate_open and gate.is_reached(share)
    if not is_reached:
        # What falls back, or is halted, soaks again.
        if gate.reached_at is not None:
            _remember(batch, None)
        return False
    if gate.reached_at is None:
        _remember(batch, now)
    if now < (gate.reached_at or now) + gate.soak:
        return False
    batch.gate_open = True
    batch.save(update_fields=["gate_open"])
    _notify(by, rollout, batch, before, share, now=now)
    return True


def _remember(batch: Batch, reached_at: datetime | None) -> None:
    stamp = reached_at.isoformat() if reached_at else None
    batch.gate_settings = {**batch.gate_settings, "reached_at": stamp}
    batch.save(update_fields=["gate_settings"])


def _notify(by: Scope, rollout: Rollout, batch: Batch, before: Batch, share: Share, *, now: datetime) -> None:
    rate = Rate(share.count(TargetState.ACTIVATED), settled_of(share)).document()
    _record(by, batch, "batch.opened", now=now, after=before.pk, success=rate)
    outcome = "succeeded" if live_of(share) else "no hubs left"
    shares = shares_of(rollout.pk, batch_id=batch.pk).by_supplier
    journal.publish_entries(
        EntryKind.SAFE_LAUNCH_OPENED,
        parties=shares,
        rollout_id=rollout.pk,
        at=now,
        data={
            "name": rollout.name,
            "batch": batch.pk,
            "batch_name": batch.name,
            "reason": f"“{before.name}” has {outcome}, and soaked as long as was asked.",
        },
        data_by_party={party: part.supplier_document() for party, part in shares.items()},
    )


def _record(scope: Scope, batch: Batch, name: str, *, now: datetime, **facts: Any) -> None:
    journal.record(
        name,
        subject=f"rollout:{batch.rollout_id}",
        by=scope,
        at=now,
        facts={"batch": batch.pk, "batch_name": batch.name, **facts},
    )
