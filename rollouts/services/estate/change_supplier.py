"""A hub changes hands in the middle of a rollout: what the losing Supplier said stops counting (R3.11).

Slice by slice, each in one transaction: targets first, then hubs, as everywhere. What already stands as
asked is left alone, so a file may be applied again after a crash.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from portal.events.journal import publish_entries, record
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.statements import Sql
from portal.kernel.transactions import inside_unit_of_work, retry_on_deadlock, unit_of_work
from rollouts.models import Rollout
from rollouts.services.governance.halt import cancel_hubs
from rollouts.services.instructions.answer import by_index, put_back_unsent
from rollouts.services.instructions.apply import notify_lapsed
from rollouts.services.instructions.resolve import Slots, Terms, has_lapsed_sql, resolution_sql
from rollouts.services.rollouts.late_notices import late_numbers, publish_late_notice
from rollouts.states import OPEN_STATUSES, HistoryKind, RolloutStatus

SLICE: Final = 50_000
STAGING: Final = "rollouts_staged_supplier"

Change: TypeAlias = tuple[int, int | None, int | None]
"""A hub, and the organisations that are its Import and Gas Supplier from now on."""


@dataclass(frozen=True, slots=True)
class SuppliersChanged:
    """How many hubs changed hands, how many answers that voided, and how many activations are recalled."""

    hubs: int = 0
    unknown: int = 0
    voided: int = 0
    recalled: int = 0

    def plus(self, other: SuppliersChanged) -> SuppliersChanged:
        """Add up two slices."""
        return SuppliersChanged(
            self.hubs + other.hubs,
            self.unknown + other.unknown,
            self.voided + other.voided,
            self.recalled + other.recalled,
        )


def change_suppliers(
    scope: Scope,
    *,
    changes: Iterable[Change],
    effective_at: datetime,
    now: datetime,
    evidence: str = "",
    size: int = SLICE,
) -> SuppliersChanged:
    """Move hubs to their new Suppliers, from the inventory's feed of changes.

    On live targets the losing Supplier's answer is void, consent and effective time are settled again, an
    activation it asked for that still lies ahead is recalled. Each side is told of its own hubs, never who
    the other is. `evidence` says where the change comes from, such as the name of the import.

    Raises:
        NotPermitted: this is the DCC's inventory.
    """
    scope.check(*MAY_OPERATE)
    # One line a hub: the last one counts.
    latest = {change[0]: change for change in changes}
    ordered = [latest[guid] for guid in sorted(latest)]
    done = SuppliersChanged()
    for first in range(0, len(ordered), size):
        done = done.plus(
            _change_slice(
                scope, ordered[first : first + size], effective_at=effective_at, now=now, evidence=evidence
            )
        )
    return done


# Alerts of several rollouts meet targets after hubs: whichever of the two is ended must not cost half a file.
@retry_on_deadlock
@unit_of_work
def _change_slice(
    scope: Scope, changes: Sequence[Change], *, effective_at: datetime, now: datetime, evidence: str
) -> SuppliersChanged:
    # A notice on its way may be making targets from the Suppliers as they were: see `take_turn`.
    sql.execute("rollouts", "hold_models")
    held = sql.fetch_all("rollouts", "hold_rollouts", draft=str(RolloutStatus.DRAFT))
    rollouts = [row.id for row in held]
    _stage(changes)
    voided, recalled = _move_answers(rollouts, now=now)
    row = sql.fetch_one(
        "rollouts",
        "move_hubs",
        effective_at=effective_at,
        now=now,
        evidence=evidence,
        import_kind=int(HistoryKind.IMPORT_SUPPLIER),
        gas_kind=int(HistoryKind.GAS_SUPPLIER),
        lost=int(EntryKind.HUB_RESPONSIBILITY_LOST),
        gained=int(EntryKind.HUB_RESPONSIBILITY_GAINED),
    )
    done = SuppliersChanged(row.changed, row.unknown, voided, recalled)
    facts: dict[str, object] = {
        "hubs": done.hubs,
        "unknown": done.unknown,
        "voided": voided,
        "recalled": recalled,
        "effective_at": effective_at.isoformat(),
        "evidence": evidence,
    }
    record("suppliers.changed", subject="estate", by=scope, at=now, facts=facts)
    return done


def _stage(changes: Sequence[Change]) -> None:
    sql.execute("rollouts", "stage_suppliers")
    sql.copy_rows(STAGING, ("guid", "import_id", "gas_id"), changes)


@inside_unit_of_work
def _move_answers(rollouts: Sequence[int], *, now: datetime) -> tuple[int, int]:
    """Move targets and live answers to their new Parties; return how many were voided and recalled."""
    by_index()
    params = {
        "rollouts": list(rollouts),
        "open": [str(status) for status in OPEN_STATUSES],
        "now": now,
    }
    _notify_gaining(rollouts, open_statuses=params["open"], now=now)
    rows = sql.rows(_moving_answers(), params) if rollouts else []
    voided: defaultdict[int, Counter[int]] = defaultdict(Counter)
    lapsed: defaultdict[int, Counter[int]] = defaultdict(Counter)
    to_recall: defaultdict[int, list[int]] = defaultdict(list)
    under_way: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        for party in {row.import_voided, row.gas_voided} - {None}:
            voided[row.rollout_id][party] += 1
        if row.lapsed is not None:
            lapsed[row.rollout_id][row.lapsed] += 1
        if row.is_to_recall:
            to_recall[row.rollout_id].append(row.guid)
        if row.is_under_way:
            under_way[row.rollout_id].append(row.guid)
    _notify_voided(voided, at=now)
    for rollout_id, by_party in sorted(lapsed.items()):
        notify_lapsed(rollout_id, by_party, at=now)
    for rollout_id, guids in sorted(under_way.items()):
        put_back_unsent(rollout_id, guids, now=now)
    recalled = sum(
        cancel_hubs(rollout_id=rollout_id, guids=guids, now=now) for rollout_id, guids in to_recall.items()
    )
    return sum(by_party.total() for by_party in voided.values()), recalled


def _moving_answers() -> Sql:
    settled = resolution_sql(_MOVED, _TERMS)
    return sql.statement(
        "rollouts",
        "move_answers",
        consent=Sql(settled.consent),
        effective_at=Sql(settled.effective_at),
        import_lapses=Sql(
            has_lapsed_sql(_MOVED.import_answer, _MOVED.import_time, _MOVED.gas_answer, _MOVED.gas_time)
        ),
        gas_lapses=Sql(
            has_lapsed_sql(_MOVED.gas_answer, _MOVED.gas_time, _MOVED.import_answer, _MOVED.import_time)
        ),
    )


def _notify_gaining(rollouts: Sequence[int], *, open_statuses: object, now: datetime) -> None:
    """Send the notice to Suppliers who gain hubs during a rollout."""
    gained: defaultdict[int, dict[int, dict[str, object]]] = defaultdict(dict)
    for row in sql.fetch_all("rollouts", "gained_places", rollouts=list(rollouts), open=open_statuses):
        gained[row.rollout_id][row.party] = late_numbers(
            **{"import": row.import_only, "gas": row.gas_only, "both": row.in_both},
            hubs=row.hubs,
            split=row.split,
        )
    concerned = Rollout.objects.filter(pk__in=gained).select_related("cpl_entry__device_model")
    for rollout in concerned.order_by("pk"):
        publish_late_notice(rollout, gained[rollout.pk], since="GAINED", now=now)


def _notify_voided(voided: dict[int, Counter[int]], *, at: datetime) -> None:
    names = dict(Rollout.objects.filter(pk__in=voided).values_list("id", "name"))
    for rollout_id, by_party in sorted(voided.items()):
        publish_entries(
            EntryKind.INSTRUCTION_VOIDED,
            parties=by_party,
            at=at,
            rollout_id=rollout_id,
            data={"rollout": names[rollout_id], "reason": "SUPPLIER_CHANGED"},
            data_by_party={party: {"hubs": hubs} for party, hubs in by_party.items()},
        )


_MOVED: Final = Slots(
    import_party="m.import_id",
    gas_party="m.gas_id",
    import_answer="m.new_import_answer",
    import_time="m.new_import_time",
    gas_answer="m.new_gas_answer",
    gas_time="m.new_gas_time",
    answered_at="m.answered_at",
)
_TERMS: Final = Terms(
    is_mandatory="m.consent_policy = 'MANDATORY'",
    automatic_at="coalesce(m.b_automatic_at, m.r_automatic_at)",
    cutoff_at="coalesce(m.b_cutoff_at, m.r_cutoff_at)",
)
