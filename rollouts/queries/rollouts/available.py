"""Rollouts: what publishing one would mean, which are available, and what may be done about each (R1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from portal.identity.models import Organisation
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.paging import Page
from portal.kernel.refusals import NotPermitted
from rollouts import rules
from rollouts.models import Batch, FirmwareImage, ReleaseNote, Rollout
from rollouts.queries.rollouts.dashboard import Flight, flight_of
from rollouts.queries.rollouts.deadlines import cutoff_of
from rollouts.queries.rollouts.progress import ActivationPlan, plans_of, progress_of
from rollouts.queries.rollouts.rollout import NoteRevision
from rollouts.reads.catalogue.eligibility import eligibility_params
from rollouts.reads.rollouts.visibility import visible_rollout, visible_rollouts
from rollouts.states import (
    NOMINATION_STATUSES,
    RUNNING_STATUSES,
    CplStatus,
    Region,
    RejectionReason,
    ReleaseKind,
    RolloutStatus,
    open_steps,
)

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class SupplierPart:
    """What a rollout would mean to one Supplier; only the DCC sees these."""

    organisation_id: int
    name: str
    as_import: int
    as_gas: int
    as_both: int
    split: int

    @property
    def hubs(self) -> int:
        """Count its hubs, each once."""
        return self.as_import + self.as_gas + self.as_both


@dataclass(frozen=True, slots=True)
class RolloutPreview:
    """What publishing a draft now would do (R1.2, R1.6). `problems` stand against it, `warnings` do not."""

    hubs: int
    by_supplier: Sequence[SupplierPart]
    by_region: Mapping[Region, int]
    split: int
    without_supplier: int
    excluded: Mapping[RejectionReason, int]
    has_window: bool
    window: str
    problems: Sequence[str]
    warnings: Sequence[str]

    @property
    def without_window(self) -> int:
        """Count the hubs for which nobody can instruct: no Supplier, or no time left."""
        return self.without_supplier if self.has_window else self.hubs


class SupplierAct(StrEnum):
    """What a Supplier may do about a rollout."""

    INSTRUCT = "INSTRUCT"
    ANSWER_SECOND = "ANSWER_SECOND"
    CHANGE = "CHANGE"
    NOMINATE = "NOMINATE"


@dataclass(frozen=True, slots=True)
class PossibleAct:
    """A step the viewer may take, for how many hubs, and until when (None: no time limit)."""

    what: str
    until: datetime | None
    hubs: int = 0


@dataclass(frozen=True, slots=True)
class AvailableRollout:
    """An available rollout as its viewer sees it, with what it may do and by when (R1.7)."""

    flight: Flight
    priority: str
    consent_policy: str
    has_pilot: bool
    window: str
    note_url: str
    note_revision: int
    possible: Sequence[PossibleAct]


def preview(scope: Scope, *, rollout_id: int, now: datetime) -> RolloutPreview:
    """Return what publishing a draft now would do; one scan of the estate, and nothing changes.

    Raises:
        NotPermitted: not the DCC.
        NotFound: there is no such rollout.
    """
    if not scope.is_dcc:
        raise NotPermitted("Only the DCC sees a rollout before it is published.")
    rollout = visible_rollout(scope, rollout_id)
    params = eligibility_params(rollout.cpl_entry, besides=rollout.pk)
    rows = sql.fetch_all("rollouts", "preview_hubs", **params)
    eligible = [row for row in rows if not row.reason]
    excluded: Counter[RejectionReason] = Counter()
    regions: Counter[Region] = Counter()
    for row in rows:
        if row.reason:
            excluded[RejectionReason(row.reason)] += row.hubs
        else:
            regions[Region(row.region)] += row.hubs
    hubs = regions.total()
    has_window = rules.has_supplier_window(notified_at=now, cutoff_at=rollout.cutoff_at)
    return RolloutPreview(
        hubs=hubs,
        by_supplier=_by_supplier(eligible),
        by_region=dict(sorted(regions.items())),
        split=sum(row.hubs for row in eligible if _is_split(row)),
        without_supplier=sum(row.hubs for row in eligible if row.imports is None and row.gas is None),
        excluded=dict(excluded.most_common()),
        has_window=has_window,
        window=rules.window_words(notified_at=now, cutoff_at=rollout.cutoff_at, now=now),
        problems=_problems(rollout, hubs=hubs, now=now),
        warnings=_warnings(rollout, has_window=has_window),
    )


def available_rollouts(
    scope: Scope,
    *,
    now: datetime,
    statuses: Collection[RolloutStatus] = (),
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[AvailableRollout]:
    """List the rollouts the organisation may know of, the newest first, with what it may do about each.

    As many statements for one as for fifty. `before` is the id that ended the page before.
    """
    visible = visible_rollouts(scope).select_related("cpl_entry__device_model").order_by("-pk")
    if statuses:
        visible = visible.filter(status__in=statuses)
    if before is not None:
        visible = visible.filter(pk__lt=before)
    rollouts = list(visible[: size + 1])
    shown = rollouts[:size]
    ids = [rollout.pk for rollout in shown]
    progress, plans = progress_of(scope, ids), plans_of(scope, ids)
    batches = {batch.pk: batch for batch in Batch.objects.filter(rollout_id__in=ids)}
    notes = {note.rollout_id: note for note in _notes(ids)}
    updates = [
        _available(
            rollout,
            flight_of(rollout, progress[rollout.pk], plans[rollout.pk], now=now),
            notes.get(rollout.pk),
            _possible(scope, rollout, plans[rollout.pk], batches, now=now),
            now=now,
        )
        for rollout in shown
    ]
    return Page(updates, next=str(shown[-1].pk) if len(rollouts) > size else None)


def release_notes(scope: Scope, *, rollout_id: int) -> list[NoteRevision]:
    """List every revision of a rollout's Release Note, the latest first.

    Raises:
        NotFound: there is no such rollout for this organisation.
    """
    visible_rollout(scope, rollout_id)
    return [
        NoteRevision(note.revision, note.url, note.summary, note.published_at)
        for note in ReleaseNote.objects.filter(rollout_id=rollout_id).order_by("-revision")
    ]


def _by_supplier(rows: Sequence[Any]) -> list[SupplierPart]:
    counts: dict[int, Counter[str]] = {}
    for row in rows:
        if row.imports is not None and row.imports == row.gas:
            counts.setdefault(row.imports, Counter())["both"] += row.hubs
            continue
        for role, party in (("import", row.imports), ("gas", row.gas)):
            if party is not None:
                counts.setdefault(party, Counter())[role] += row.hubs
                counts[party]["split"] += row.hubs if _is_split(row) else 0
    names = dict(Organisation.objects.filter(pk__in=counts).values_list("pk", "name"))
    parts = [
        SupplierPart(party, names.get(party, ""), of["import"], of["gas"], of["both"], of["split"])
        for party, of in counts.items()
    ]
    return sorted(parts, key=lambda part: (-part.hubs, part.name))


def _is_split(row: Any) -> bool:
    return None not in (row.imports, row.gas) and row.imports != row.gas


def _problems(rollout: Rollout, *, hubs: int, now: datetime) -> list[str]:
    entry = rollout.cpl_entry
    problems = []
    try:
        rules.check_automatic_at(rollout.automatic_at, notified_at=now)
    except rules.RuleBroken as broken:
        problems.append(broken.code)
    if entry.status != CplStatus.ACTIVE:
        problems.append("cpl_not_active")
    if not entry.allowed_predecessor_ids:
        problems.append("no_upgrade_path")
    if rollout.kind == ReleaseKind.SEC_RELEASE and not rollout.release_notes.exists():
        problems.append("release_note_missing")
    if not hubs:
        problems.append("nobody_eligible")
    return problems


def _warnings(rollout: Rollout, *, has_window: bool) -> list[str]:
    warnings = [] if has_window else ["no_supplier_window"]
    if not has_window and rollout.is_all_at_once:
        warnings.append("all_at_once")
    if not FirmwareImage.objects.filter(cpl_entry_id=rollout.cpl_entry_id).exists():
        warnings.append("image_missing")
    if rollout.kind != ReleaseKind.SEC_RELEASE and not rollout.release_notes.exists():
        warnings.append("release_note_missing")
    return warnings


def _available(
    rollout: Rollout,
    flight: Flight,
    note: ReleaseNote | None,
    possible: Sequence[PossibleAct],
    *,
    now: datetime,
) -> AvailableRollout:
    return AvailableRollout(
        flight=flight,
        priority=rollout.priority,
        consent_policy=rollout.consent_policy,
        has_pilot=rollout.has_pilot,
        window=rules.window_words(
            notified_at=rollout.notified_at or now, cutoff_at=rollout.cutoff_at, now=now
        ),
        note_url=note.url if note else "",
        note_revision=note.revision if note else 0,
        possible=possible,
    )


def _notes(ids: Sequence[int]) -> list[ReleaseNote]:
    """Return the latest revision of each rollout's note."""
    notes = ReleaseNote.objects.filter(rollout_id__in=ids).order_by("rollout_id", "-revision")
    return list(notes.distinct("rollout_id"))


def _possible(
    scope: Scope, rollout: Rollout, plan: ActivationPlan, batches: Mapping[int, Batch], *, now: datetime
) -> list[PossibleAct]:
    if scope.is_supplier:
        may = scope.has(*MAY_INSTRUCT) and rollout.status in RUNNING_STATUSES
        return _acts(rollout, plan, batches, now=now) if may else []
    steps = open_steps(*scope.roles, at=RolloutStatus(rollout.status), has_pilot=rollout.has_pilot)
    return (
        [PossibleAct(step.verb, None) for step in steps] if scope.has(*MAY_OPERATE) or scope.is_panel else []
    )


def _acts(
    rollout: Rollout, plan: ActivationPlan, batches: Mapping[int, Batch], *, now: datetime
) -> list[PossibleAct]:
    mine: Counter[datetime] = Counter()
    second: Counter[datetime] = Counter()
    for each in plan.waiting:
        cutoff_at = cutoff_of(rollout, batches.get(each.batch_id))
        if cutoff_at >= now:
            mine[cutoff_at] += each.mine
            second[cutoff_at] += each.mine_second
    deeds = [PossibleAct(SupplierAct.INSTRUCT, at, n) for at, n in sorted(mine.items()) if n]
    deeds += [PossibleAct(SupplierAct.ANSWER_SECOND, at, n) for at, n in sorted(second.items()) if n]
    if rollout.cutoff_at >= now and rollout.window_closed_at is None:
        deeds.append(PossibleAct(SupplierAct.CHANGE, rollout.cutoff_at))
        if rollout.has_pilot and rollout.status in NOMINATION_STATUSES:
            deeds.append(PossibleAct(SupplierAct.NOMINATE, rollout.cutoff_at, rollout.pilot_cap))
    return deeds
