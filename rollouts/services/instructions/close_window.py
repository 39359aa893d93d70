"""The cut-off passes: what is still awaited defaults, and every Supplier is told what it means for its hubs.

A pass walks the targets page by page, each page in a transaction of its own. It may be killed and run
again; the window counts as closed once the tallies say that nobody's answer is awaited any more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.events.journal import publish_entries, record
from portal.events.kinds import EntryKind
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.scope import Scope
from portal.kernel import locks, sql
from portal.kernel.transactions import unit_of_work
from portal.kernel.working_days import local_day
from rollouts.models import Batch, Rollout
from rollouts.services.instructions.answer import in_guid_order
from rollouts.states import FINAL_CONSENTS, OPEN_STATUSES, Consent

PAGE: Final = 50_000
FIRST: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """What a pass over one rollout did; `is_finished` once nothing is awaited any more."""

    defaulted: int
    is_finished: bool


def rollouts_to_close(*, now: datetime) -> list[int]:
    """List the rollouts with a window that has passed and is not closed."""
    passed = Rollout.objects.filter(
        status__in=OPEN_STATUSES, cutoff_at__lt=now, window_closed_at=None
    ).values_list("id", flat=True)
    of_batches = Batch.objects.filter(
        rollout__status__in=OPEN_STATUSES, cutoff_at__lt=now, window_closed_at=None
    ).values_list("rollout_id", flat=True)
    return sorted({*passed, *of_batches})


def close_window(*, rollout_id: int, now: datetime, size: int = PAGE) -> WindowClosed:
    """Close every window of a rollout that has passed: its own, and those of batches with their own cut-off.

    Received exactly at the cut-off is in time, so a window closes after it, never at it. Another process at
    the same rollout makes this one do nothing.
    """
    with locks.attempted(locks.LockClass.WINDOW, rollout_id) as had:
        if not had:
            return WindowClosed(0, is_finished=False)
        defaulted = _walk(rollout_id, size=size, now=now)
        return WindowClosed(defaulted, is_finished=_mark_closed(rollout_id, now=now))


def _walk(rollout_id: int, *, size: int, now: datetime) -> int:
    defaulted, after = 0, FIRST
    while True:
        page = _close_page(rollout_id, after=after, size=size, now=now)
        if page is None or page.last_guid is None:
            return defaulted
        defaulted += page.closed
        after = page.last_guid


@unit_of_work
def _close_page(rollout_id: int, *, after: int, size: int, now: datetime) -> sql.Row | None:
    # The dates are read again under the lock for each page: DCC may have moved them meanwhile.
    sql.fetch_all("rollouts", "hold_rollout", rollout_id=rollout_id)
    _, batches = _passed(rollout_id, now=now)
    if not batches:
        return None
    in_guid_order()
    return sql.fetch_one(
        "rollouts",
        "close_page",
        rollout_id=rollout_id,
        after=after,
        size=size,
        now=now,
        batch_ids=[batch.pk for batch in batches],
    )


@unit_of_work
def _mark_closed(rollout_id: int, *, now: datetime) -> bool:
    # Waits for instructions under way, which hold the row shared; those that come later see the mark.
    sql.fetch_all("rollouts", "lock_rollout", rollout_id=rollout_id)
    rollout, batches = _passed(rollout_id, now=now)
    if rollout is None or not batches or _count_awaited(rollout_id, batches):
        return False
    by = Scope.system(Organisation.objects.filter(kind=OrganisationKind.DCC).values_list("id", flat=True)[0])
    for batch in batches:
        if batch.cutoff_at is not None and batch.window_closed_at is None:
            Batch.objects.filter(pk=batch.pk).update(window_closed_at=now)
            _say_closed(by, rollout, [batch], name=batch.name, cutoff_at=batch.cutoff_at, now=now)
    if rollout.cutoff_at < now and rollout.window_closed_at is None:
        Rollout.objects.filter(pk=rollout.pk).update(window_closed_at=now)
        of_rollout = [batch for batch in batches if batch.cutoff_at is None]
        _say_closed(by, rollout, of_rollout, name="", cutoff_at=rollout.cutoff_at, now=now)
    return True


def _passed(rollout_id: int, *, now: datetime) -> tuple[Rollout | None, list[Batch]]:
    rollout = Rollout.objects.filter(pk=rollout_id, status__in=OPEN_STATUSES).first()
    if rollout is None:
        return None, []
    batches = Batch.objects.filter(rollout_id=rollout_id).order_by("position", "id")
    return rollout, [batch for batch in batches if (batch.cutoff_at or rollout.cutoff_at) < now]


def _count_awaited(rollout_id: int, batches: Sequence[Batch]) -> int:
    plan = sql.fetch_all(
        "rollouts",
        "plan_of_parties",
        rollout_id=rollout_id,
        batch_ids=[batch.pk for batch in batches],
        last_day=None,
    )
    return sum(row.n for row in plan if row.consent not in FINAL_CONSENTS)


def _say_closed(
    by: Scope, rollout: Rollout, batches: Sequence[Batch], *, name: str, cutoff_at: datetime, now: datetime
) -> None:
    """Tell each Supplier about its own hubs, and record the whole."""
    automatic_at = (batches[0].automatic_at if name else None) or rollout.automatic_at
    plan = sql.fetch_all(
        "rollouts",
        "plan_of_parties",
        rollout_id=rollout.pk,
        batch_ids=[batch.pk for batch in batches],
        last_day=local_day(automatic_at),
    )
    by_party: defaultdict[int, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for row in plan:
        word = Consent(row.consent).name.lower()
        total[word] += row.n
        for party in {row.import_supplier_id, row.gas_supplier_id} - {0}:
            by_party[party] += Counter({"hubs": row.n, word: row.n})
            if row.consent == Consent.DEFAULTED:
                by_party[party] += Counter({"at_a_suppliers_time": row.sooner})
    data = {
        "batch_name": name,
        "cutoff_at": cutoff_at.isoformat(),
        "automatic_at": automatic_at.isoformat(),
    }
    publish_entries(
        EntryKind.WINDOW_CLOSED,
        parties=by_party,
        at=now,
        rollout_id=rollout.pk,
        data=data,
        data_by_party={party: dict(counts) for party, counts in by_party.items()},
    )
    facts: dict[str, object] = {**data, **total}
    record("window.closed", subject=f"rollout:{rollout.pk}", by=by, at=now, facts=facts)
