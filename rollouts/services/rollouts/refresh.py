"""Keeping each open rollout equal to the inventory: newly eligible hubs join, lost ones leave (R1.6)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from portal.events.kinds import EntryKind
from portal.kernel import sql
from portal.kernel.guid import guid_sql
from portal.kernel.statements import Sql
from portal.kernel.transactions import outside_unit_of_work, unit_of_work
from rollouts.models import Batch, Rollout
from rollouts.reads.catalogue.eligibility import eligibility_params, take_turn
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.alerts.requeue import put_back_early_alerts
from rollouts.services.estate.change_supplier import Change, change_suppliers
from rollouts.services.governance.act import the_portal
from rollouts.services.rollouts.late_notices import late_numbers, publish_late_notice
from rollouts.services.rollouts.step import step_taken
from rollouts.states import (
    OPEN_STATUSES,
    RUNNING_STATUSES,
    BatchKind,
    CplStatus,
    FailureCode,
    RolloutStatus,
)

CHUNK: Final = 20_000
"""Hubs moved in one transaction: short enough that nobody waits long for their locks."""

CPL_REASON: Final = "The firmware is no longer active on the Central Products List."


@dataclass(slots=True)
class Refreshed:
    """What a refresh changed; `withdrawn` counts by failure code."""

    joined: int = 0
    withdrawn: Counter[FailureCode] = field(default_factory=Counter)
    mended: int = 0
    """Targets that named other Suppliers, or another region, than their hub does."""
    suspended: int = 0

    def add(self, other: Refreshed) -> None:
        """Take another refresh into account."""
        self.joined += other.joined
        self.withdrawn.update(other.withdrawn)
        self.mended += other.mended
        self.suspended += other.suspended


@outside_unit_of_work
def refresh_eligibility(*, now: datetime, rollout_id: int | None = None) -> Refreshed:
    """Refresh every open rollout, as after an import and each night, or one; again changes nothing more.

    With all of them, alerts that came before their hub was known are put back in line.
    """
    rollouts = Rollout.objects.filter(status__in=OPEN_STATUSES)
    if rollout_id is not None:
        rollouts = rollouts.filter(pk=rollout_id)
    total = Refreshed()
    for each in rollouts.order_by("pk").values_list("pk", flat=True):
        total.add(refresh_rollout(rollout_id=each, now=now))
    if rollout_id is None:
        put_back_early_alerts(now=now)
    # Autovacuum never does this for a partitioned parent, and without it a join was estimated 71 times off.
    sql.analyze("rollouts_target")
    return total


@outside_unit_of_work
def refresh_rollout(*, rollout_id: int, now: datetime) -> Refreshed:
    """Bring one rollout up to date with the inventory and the Central Products List.

    The estate is searched without a lock; what was found is judged again, chunk by chunk, in
    transactions of their own. A process that dies in between leaves the rest for the next run.
    """
    rollout = Rollout.objects.select_related("cpl_entry").get(pk=rollout_id)
    is_on_cpl = rollout.cpl_entry.status == CplStatus.ACTIVE
    done = Refreshed(suspended=0 if is_on_cpl else int(suspend_off_cpl(rollout_id=rollout_id, now=now)))
    params = eligibility_params(rollout.cpl_entry, besides=rollout_id)
    differing = sql.fetch_all("rollouts", "lost_targets", **params)
    for guids in _chunks(row.guid for row in differing if row.is_lost):
        done.withdrawn.update(_withdraw(rollout_id=rollout_id, guids=guids, now=now))
    there = [row for row in differing if not row.is_lost]
    done.mended = _mend([(row.guid, row.imports, row.gas) for row in there if row.has_changed_hands], now=now)
    for guids in _chunks(row.guid for row in there if row.is_elsewhere):
        done.mended += _move_regions(rollout_id=rollout_id, guids=guids)
    if is_on_cpl:
        for guids in _chunks(row.guid for row in sql.fetch_all("rollouts", "joinable_hubs", **params)):
            done.joined += _join(rollout_id=rollout_id, guids=guids, now=now)
    return done


def _mend(changes: Sequence[Change], *, now: datetime) -> int:
    """Repeat changes of Supplier for targets that were being made while those passed."""
    if changes:
        change_suppliers(
            the_portal(), changes=changes, effective_at=now, now=now, evidence="refresh of eligibility"
        )
    return len(changes)


@unit_of_work
def suspend_off_cpl(*, rollout_id: int, now: datetime) -> bool:
    """Suspend a rollout whose firmware has left the Central Products List; False where it stands already."""
    by = the_portal()
    rollout = locked_rollout(by, rollout_id)
    if RolloutStatus(rollout.status) not in RUNNING_STATUSES:
        return False
    step_taken(by, rollout, verb="suspend", reason=CPL_REASON, now=now)
    return True


def _chunks(guids: Iterable[int]) -> Iterator[list[int]]:
    left = iter(guids)
    while chunk := list(islice(left, CHUNK)):
        yield chunk


@unit_of_work
def _withdraw(*, rollout_id: int, guids: Sequence[int], now: datetime) -> dict[FailureCode, int]:
    rollout = _open_rollout(rollout_id)
    if rollout is None:
        return {}
    params = {
        **eligibility_params(rollout.cpl_entry, besides=rollout_id),
        "guids": guids,
        "kind": int(EntryKind.HUB_WITHDRAWN),
        "now": now,
    }
    rows = sql.rows(sql.statement("rollouts", "withdraw_lost", hub=Sql(guid_sql("h.guid"))), params)
    return {FailureCode(row.code): row.hubs for row in rows}


@unit_of_work
def _move_regions(*, rollout_id: int, guids: Sequence[int]) -> int:
    if _open_rollout(rollout_id) is None:
        return 0
    return sql.execute("rollouts", "move_regions", rollout_id=rollout_id, guids=guids)


@unit_of_work
def _join(*, rollout_id: int, guids: Sequence[int], now: datetime) -> int:
    take_turn(Rollout.objects.select_related("cpl_entry").get(pk=rollout_id).cpl_entry.device_model_id)
    rollout = _open_rollout(rollout_id)
    if rollout is None:
        return 0
    main = Batch.objects.filter(rollout=rollout, kind=BatchKind.SAFE_LAUNCH).order_by("position")[0]
    automatic_at, cutoff_at = (
        main.automatic_at or rollout.automatic_at,
        main.cutoff_at or rollout.cutoff_at,
    )
    params = {
        **eligibility_params(rollout.cpl_entry, besides=rollout_id),
        "guids": guids,
        "kind": int(EntryKind.HUB_JOINED),
        "batch_id": main.pk,
        "automatic_at": automatic_at,
        "cutoff_at": cutoff_at,
        "has_window": rollout.window_closed_at is None and now <= cutoff_at,
        "now": now,
    }
    returned = sql.fetch_one("rollouts", "return_targets", **params)
    joined = sql.fetch_one("rollouts", "join_targets", **params)
    by_party = defaultdict[int, Counter[str]](Counter)
    for row in (returned, joined):
        for party, counts in sql.from_json(row.by_party).items():
            by_party[int(party)].update(counts)
    numbers = {party: late_numbers(**counts) for party, counts in by_party.items()}
    publish_late_notice(rollout, numbers, since="JOINED", now=now)
    return int(returned.hubs + joined.hubs)


def _open_rollout(rollout_id: int) -> Rollout | None:
    """Lock the rollout against steps, but not against claims and alerts; None once it has ended."""
    sql.fetch_all("rollouts", "hold_rollout", rollout_id=rollout_id)
    open_ones = Rollout.objects.select_related("cpl_entry__device_model").filter(status__in=OPEN_STATUSES)
    return open_ones.filter(pk=rollout_id).first()
