"""Who has to do what by when: the dates of a rollout, and what each actor does next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.identity.models import OrganisationKind
from portal.identity.scope import Scope
from rollouts.models import Batch, Rollout
from rollouts.reads.governance.settings import Governance
from rollouts.states import HALTED_STATUSES, RolloutStatus
from rollouts.states.governing import DecisionStatus


@dataclass(frozen=True, slots=True)
class NextDate:
    """What another actor does next about a rollout, and by when; no time where none is fixed."""

    rollout_id: int
    rollout_name: str
    actor: OrganisationKind
    what: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """A date of a rollout."""

    label: str
    at: datetime | None
    note: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """Where the open decision of a rollout stands, and since when: who acts next, and by when (R5.3)."""

    status: DecisionStatus
    since: datetime

    @property
    def is_recommended(self) -> bool:
        """Whether the DCC has recommended, and signatures are awaited."""
        return self.status == DecisionStatus.RECOMMENDED

    @property
    def due_at(self) -> datetime:
        """By when it is due: the DCC's recommendation, or after it the signature."""
        terms = Governance.current()
        return self.since + (terms.sign_within if self.is_recommended else terms.recommend_within)


def resume_due(rollout: Rollout) -> datetime:
    """Return by when the DCC recommends how a rollout that is paused goes on."""
    since = rollout.status_at or rollout.created_at
    return since + Governance.current().paused_at_most


def next_dates(
    scope: Scope,
    rollouts: Iterable[Rollout],
    *,
    decisions: Mapping[int, OpenDecision],
    batches: Iterable[Batch],
    now: datetime,
) -> list[NextDate]:
    """List what the other actors do next, the earliest first; what has no date comes last.

    `decisions` are the open ones, by rollout; `batches` those of the rollouts.
    """
    by_rollout: defaultdict[int, list[Batch]] = defaultdict(list)
    for batch in batches:
        by_rollout[batch.rollout_id].append(batch)
    dates = [
        NextDate(rollout.pk, rollout.name, actor, what, at)
        for rollout in rollouts
        for actor, what, at in [
            *_cutoffs(rollout, by_rollout[rollout.pk], now=now),
            *_steps_ahead(rollout, now=now),
            *_decision_ahead(rollout, decisions.get(rollout.pk)),
        ]
        if actor != scope.kind
    ]
    return sorted(dates, key=lambda date: (date.at is None, date.at or now, date.rollout_name))


_Ahead = tuple[OrganisationKind, str, datetime | None]


def _cutoffs(rollout: Rollout, batches: Iterable[Batch], *, now: datetime) -> list[_Ahead]:
    if rollout.status in HALTED_STATUSES:
        return []
    dates: list[_Ahead] = []
    if rollout.cutoff_at > now and rollout.window_closed_at is None:
        dates.append((OrganisationKind.SUPPLIER, "Suppliers instruct by", rollout.cutoff_at))
    dates += [
        (OrganisationKind.SUPPLIER, f"Suppliers instruct “{batch.name}” by", batch.cutoff_at)
        for batch in batches
        if batch.cutoff_at is not None and batch.cutoff_at > now and batch.window_closed_at is None
    ]
    return dates


def _steps_ahead(rollout: Rollout, *, now: datetime) -> list[_Ahead]:
    dcc = OrganisationKind.DCC
    match RolloutStatus(rollout.status):
        case RolloutStatus.NOTIFIED:
            return [(dcc, "DCC starts the pilot", rollout.pilot_starts_at)]
        case RolloutStatus.PILOT:
            return [(dcc, "DCC ends the pilot", rollout.pilot_ends_at)]
        case RolloutStatus.PILOT_REVIEW:
            return [(dcc, "DCC decides on the pilot by", rollout.automatic_at)]
        case RolloutStatus.SAFE_LAUNCH if rollout.automatic_at > now:
            return [(dcc, "DCC activates what nobody instructed", rollout.automatic_at)]
        case _:
            return []


def _decision_ahead(rollout: Rollout, decision: OpenDecision | None) -> list[_Ahead]:
    """Name who is due to decide: the Panel once the DCC has recommended, the DCC until then."""
    kinds = OrganisationKind
    if decision is not None and decision.is_recommended:
        return [(kinds.PANEL, "Panel confirms or rejects what DCC recommends by", decision.due_at)]
    if decision is not None:
        return [(kinds.DCC, "DCC recommends how it goes on by", decision.due_at)]
    if rollout.status == RolloutStatus.PAUSED:
        return [(kinds.DCC, "DCC recommends how it goes on by", resume_due(rollout))]
    return []


def milestones(rollout: Rollout, batches: Iterable[Batch]) -> list[MilestoneRow]:
    """List the dates of a rollout, those of its batches among them."""
    has_window = rollout.notified_at is None or rollout.cutoff_at > rollout.notified_at
    dates = [MilestoneRow("Notice", rollout.notified_at, icon="megaphone")]
    if rollout.has_pilot:
        dates += [
            _planned("Pilot starts", rollout.pilot_started_at, rollout.pilot_starts_at, icon="flask"),
            _planned("Pilot ends", rollout.pilot_ended_at, rollout.pilot_ends_at, icon="eye"),
        ]
    if has_window:
        dates.append(MilestoneRow("Cut-off for instructions", rollout.cutoff_at, icon="hourglass"))
    for batch in batches:
        if batch.automatic_at is None:
            continue
        if batch.window_closed_at is None:
            dates.append(MilestoneRow(f"{batch.name}: cut-off", batch.cutoff_at, icon="hourglass"))
        dates.append(MilestoneRow(f"{batch.name}: automatic", batch.automatic_at, icon="calendar"))
    note = "" if has_window else "no supplier window"
    dates.append(MilestoneRow("Automatic activation", rollout.automatic_at, note, "activate"))
    if rollout.unreachable_until:
        dates.append(MilestoneRow("Unreachable hubs given up", rollout.unreachable_until, icon="x-circle"))
    return dates


def _planned(label: str, at: datetime | None, planned_at: datetime | None, *, icon: str) -> MilestoneRow:
    if at is None and planned_at is not None:
        return MilestoneRow(label, planned_at, "planned", icon)
    return MilestoneRow(label, at, icon=icon)


def cutoff_of(rollout: Rollout, batch: Batch | None) -> datetime:
    """Return until when Suppliers may instruct hubs of a batch."""
    return batch.cutoff_at if batch is not None and batch.cutoff_at is not None else rollout.cutoff_at
