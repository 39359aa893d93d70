"""Batches of the safe launch group: parts of it with a time, a cut-off or a gate of their own (R3.7).

Before the cut-off a batch leaves its Suppliers a month, and moves hubs nobody has answered for. After it, or
where the notice left no window, it moves hubs nobody has instructed: their time is DCC's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.names import checked_name
from portal.kernel.refusals import BadInput, NotFound, Refusal
from portal.kernel.spreadsheets import NotRead
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.working_days import local_day
from rollouts import rules
from rollouts.models import Batch, Rollout
from rollouts.reads.rollouts.shares import Share, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout, visible_rollout
from rollouts.reads.rules.choosing import criteria_context
from rollouts.rules.criteria import Criteria, Sql, Subject, compile_hub, explain, parse
from rollouts.services.instructions.hub_list import HubList, RefusedLine
from rollouts.services.rollouts.step import StepRefused
from rollouts.states import ENDED_STATUSES, RUNNING_STATUSES, BatchKind, Region, RolloutStatus

GATE = {"manual": True}
"""The settings of a batch whose gate somebody opens; the others open with the safe launch."""


class NothingToMove(Refusal):
    """None of the hubs chosen may be moved: they have been answered for, or are elsewhere."""

    code = "nothing_to_move"


@dataclass(frozen=True, slots=True)
class BatchFormed:
    """A batch as it was announced."""

    batch_id: int
    hubs: int
    suppliers: int
    cutoff_at: datetime
    has_window: bool = True
    rejected: tuple[RefusedLine, ...] = ()
    """Lines of a list from which no hub could be read."""
    not_read: tuple[NotRead, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchOutlook:
    """What would come of forming a batch now."""

    cutoff_at: datetime
    has_window: bool
    """Whether its Suppliers may instruct until then; without, it moves what nobody instructed."""
    moves: int
    suppliers: int
    by_region: Mapping[Region, int]
    by_batch: Mapping[str, int]
    """Hubs that would move, by the group they stand in."""
    stays: Mapping[str, int]
    """Hubs that were chosen and would not move, by PILOT, ANSWERED, SETTLED and, of a list, OUTSIDE."""
    says: str
    """The conditions in words; nothing of a list."""
    rejected: tuple[RefusedLine, ...] = ()
    """Lines of a list from which no hub could be read."""
    not_read: tuple[NotRead, ...] = ()


def foresee_batch(
    scope: Scope,
    *,
    rollout_id: int,
    automatic_at: datetime,
    tree: object | None = None,
    source: HubList | None = None,
    now: datetime,
) -> BatchOutlook:
    """Return what forming a batch would do, and do nothing: one look at the rollout's targets.

    Raises:
        NotPermitted, NotFound, StepRefused, RuleBroken, BadInput, InvalidCriteria: as in `create_batch`.
    """
    scope.check(*MAY_OPERATE)
    rollout = visible_rollout(scope, rollout_id)
    _check_runs(rollout)
    cutoff_at = _checked_cutoff(rollout, automatic_at, now=now)
    criteria, chosen = _chosen(tree, source, now=now)
    names = dict(rollout.batches.values_list("pk", "name"))
    safe = list(rollout.batches.filter(kind=BatchKind.SAFE_LAUNCH).values_list("pk", flat=True))
    has_window = _has_window(rollout, now=now)
    params = {"rollout_id": rollout.pk, "open_batches": safe, "is_closed": not has_window}
    rows = sql.rows(sql.statement("rollouts", "batch_outlook", chosen=chosen), params)
    counted = [row for row in rows if row.fate != "SUPPLIERS"]
    by_region: Counter[Region] = Counter()
    by_batch: Counter[str] = Counter()
    fates: Counter[str] = Counter()
    for row in counted:
        fates[row.fate] += row.hubs
        if row.fate == "MOVES":
            by_region[Region(row.region)] += row.hubs
            by_batch[names[row.batch_id]] += row.hubs
    if source is not None:
        fates["OUTSIDE"] = len(source.guids) - sum(row.hubs for row in counted)
    return BatchOutlook(
        cutoff_at=cutoff_at,
        has_window=has_window,
        moves=fates.pop("MOVES", 0),
        suppliers=sum(row.hubs for row in rows if row.fate == "SUPPLIERS"),
        by_region=dict(sorted(by_region.items())),
        by_batch=by_batch,
        stays={fate: hubs for fate, hubs in fates.items() if hubs},
        says=explain(criteria) if criteria else "",
        rejected=source.refused if source is not None else (),
        not_read=source.not_read if source is not None else (),
    )


@unit_of_work
def create_batch(
    scope: Scope,
    *,
    rollout_id: int,
    name: str,
    automatic_at: datetime,
    tree: object | None = None,
    source: HubList | None = None,
    is_gated: bool = False,
    now: datetime,
) -> BatchFormed:
    """Give part of the safe launch group an earlier automatic time, and notify its Suppliers of its cut-off.

    Only hubs nobody has answered for move, chosen by criteria or listed; after the cut-off those nobody has
    instructed. A gated batch also waits for somebody to open its gate.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such rollout.
        StepRefused: the rollout is not running.
        RuleBroken: the time is past, later than the rollout's, or leaves Suppliers no month.
        BadInput, InvalidCriteria: there is no name, or not exactly one way of choosing.
        NothingToMove: no hub chosen may be moved.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    _check_runs(rollout)
    cutoff_at = _checked_cutoff(rollout, automatic_at, now=now)
    criteria, chosen = _chosen(tree, source, now=now)
    batch = _new_batch(rollout, name=name, automatic_at=automatic_at, cutoff_at=cutoff_at, is_gated=is_gated)
    batch.criteria = criteria.document if criteria else None
    batch.window_closed_at = None if _has_window(rollout, now=now) else now
    batch.save(force_insert=True)
    moved = _move(rollout, batch, chosen, now=now)
    if not moved:
        raise NothingToMove("None of these hubs can be moved: they are answered for, or not in this group.")
    shares = shares_of(rollout.pk, batch_id=batch.pk).by_supplier
    _announce(scope, rollout, batch, shares, hubs=moved, says=explain(criteria) if criteria else "", now=now)
    return BatchFormed(
        batch.pk,
        moved,
        len(shares),
        cutoff_at,
        has_window=batch.window_closed_at is None,
        rejected=source.refused if source is not None else (),
        not_read=source.not_read if source is not None else (),
    )


@unit_of_work
def open_gate(scope: Scope, *, batch_id: int, reason: str, now: datetime) -> Batch:
    """Open the gate of a gated batch: from now on its hubs may be commanded.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such batch.
        StepRefused: it is open, or the pilot stands before it.
        BadInput: no reason is given.
    """
    scope.check(*MAY_OPERATE)
    if not reason.strip():
        raise BadInput("Give a reason: it is written down.")
    unlocked = Batch.objects.filter(pk=batch_id, kind=BatchKind.SAFE_LAUNCH).first()
    if unlocked is None:
        raise NotFound("There is no such batch.")
    rollout = locked_rollout(scope, unlocked.rollout_id)
    batch = Batch.objects.get(pk=batch_id)
    if batch.gate_open or rollout.status in ENDED_STATUSES:
        raise StepRefused("There is no shut gate before this batch.")
    if rollout.has_pilot and rollout.pilot_accepted_at is None:
        raise StepRefused("The outcome of the pilot must be accepted first.")
    batch.gate_open = True
    batch.save(update_fields=["gate_open"])
    shares = shares_of(rollout.pk, batch_id=batch.pk).by_supplier
    facts = {"batch": batch.pk, "batch_name": batch.name, "reason": reason.strip()}
    journal.record("batch.opened", subject=f"rollout:{rollout.pk}", by=scope, at=now, facts=facts)
    journal.publish_entries(
        EntryKind.SAFE_LAUNCH_OPENED,
        parties=shares,
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, **facts},
        data_by_party={party: share.supplier_document() for party, share in shares.items()},
    )
    return batch


def _check_runs(rollout: Rollout) -> None:
    if RolloutStatus(rollout.status) not in RUNNING_STATUSES:
        raise StepRefused("Batches are formed while the rollout is running.")


def _checked_cutoff(rollout: Rollout, automatic_at: datetime, *, now: datetime) -> datetime:
    rules.check_batch_automatic_at(automatic_at, automatic_at=rollout.automatic_at, now=now)
    cutoff_at = rules.one_month_before(automatic_at)
    if _has_window(rollout, now=now) and not rules.has_supplier_window(notified_at=now, cutoff_at=cutoff_at):
        # Its hubs were promised a window by the notice: a batch must not take it away.
        raise rules.RuleBroken(
            "BATCH_WITHOUT_WINDOW", "The time of a batch must leave Suppliers more than a month from now."
        )
    return cutoff_at


def _has_window(rollout: Rollout, *, now: datetime) -> bool:
    return rollout.window_closed_at is None and rules.is_in_time(now, cutoff_at=rollout.cutoff_at)


def _chosen(tree: object | None, source: HubList | None, *, now: datetime) -> tuple[Criteria | None, Sql]:
    if source is not None and tree is None:
        return None, Sql("t.guid = ANY(%(chosen_guids)s)", {"chosen_guids": source.guids.tolist()})
    if tree is None or source is not None:
        raise BadInput("Choose hubs either by criteria or by a list.")
    criteria = parse(tree, subject=Subject.HUB)
    return criteria, compile_hub(criteria, criteria_context(None, as_of=local_day(now)))


def _new_batch(
    rollout: Rollout, *, name: str, automatic_at: datetime, cutoff_at: datetime, is_gated: bool
) -> Batch:
    latest = rollout.batches.order_by("-position")[0]
    is_shut = is_gated or (rollout.has_pilot and rollout.pilot_accepted_at is None)
    return Batch(
        rollout=rollout,
        kind=BatchKind.SAFE_LAUNCH,
        position=latest.position + 1,
        name=checked_name(name, of="batch"),
        automatic_at=automatic_at,
        cutoff_at=cutoff_at,
        gate_open=not is_shut,
        gate_settings=GATE if is_gated else {},
    )


@inside_unit_of_work
def _move(rollout: Rollout, batch: Batch, chosen: Sql, *, now: datetime) -> int:
    others = rollout.batches.filter(kind=BatchKind.SAFE_LAUNCH).exclude(pk=batch.pk)
    params = {
        "rollout_id": rollout.pk,
        "batch_id": batch.pk,
        "automatic_at": batch.automatic_at,
        "open_batches": list(others.values_list("pk", flat=True)),
        "is_closed": batch.window_closed_at is not None,
        "now": now,
    }
    return int(sql.rows(sql.statement("rollouts", "form_batch", chosen=chosen), params)[0].hubs)


def _announce(
    scope: Scope,
    rollout: Rollout,
    batch: Batch,
    shares: Mapping[int, Share],
    *,
    hubs: int,
    says: str,
    now: datetime,
) -> None:
    has_window = batch.window_closed_at is None
    facts = {
        "batch": batch.pk,
        "batch_name": batch.name,
        "automatic_at": batch.automatic_at.isoformat() if batch.automatic_at else None,
        "cutoff_at": batch.cutoff_at.isoformat() if batch.cutoff_at and has_window else None,
        "automatic_at_before": rollout.automatic_at.isoformat(),
        "cutoff_at_before": rollout.cutoff_at.isoformat(),
        "has_window": has_window,
    }
    journal.record(
        "batch.announced",
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={**facts, "hubs": hubs, "says": says, "is_gated": bool(batch.gate_settings)},
    )
    journal.publish_entries(
        EntryKind.BATCH_ANNOUNCED,
        parties=shares,
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, **facts},
        data_by_party={party: share.supplier_document() for party, share in shares.items()},
    )
