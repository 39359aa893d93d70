"""Who has to do what by when: the dates of a rollout, and what each actor does next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.identity.models import OrganisationKind
from portal.identity.scope import Scope
from rollouts.models import Batch, Rollout
from rollouts.states import RolloutStatus


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


def next_dates(scope: Scope, rollouts: Iterable[Rollout], *, now: datetime) -> list[NextDate]:
    """List what the other actors do next, the earliest first; what has no date comes last."""
    dates = [
        NextDate(rollout.pk, rollout.name, actor, what, at)
        for rollout in rollouts
        for actor, what, at in _next_of(rollout, now=now)
        if actor != scope.kind
    ]
    return sorted(dates, key=lambda date: (date.at is None, date.at or now, date.rollout_name))


def _next_of(rollout: Rollout, *, now: datetime) -> list[tuple[OrganisationKind, str, datetime | None]]:
    kinds = OrganisationKind
    dates: list[tuple[OrganisationKind, str, datetime | None]] = []
    if rollout.cutoff_at > now and rollout.window_closed_at is None:
        dates.append((kinds.SUPPLIER, "Suppliers instruct by", rollout.cutoff_at))
    match RolloutStatus(rollout.status):
        case RolloutStatus.NOTIFIED:
            dates.append((kinds.DCC, "DCC starts the pilot", None))
        case RolloutStatus.PILOT:
            dates.append((kinds.DCC, "DCC ends the pilot", None))
        case RolloutStatus.PILOT_REVIEW:
            dates.append((kinds.DCC, "DCC decides on the pilot by", rollout.automatic_at))
        case RolloutStatus.SAFE_LAUNCH if rollout.automatic_at > now:
            dates.append((kinds.DCC, "DCC activates what nobody instructed", rollout.automatic_at))
        case RolloutStatus.SUSPENDED:
            dates.append((kinds.PANEL, "Panel confirms what happens next", None))
        case _:
            pass
    return dates


def milestones(rollout: Rollout, batches: Iterable[Batch]) -> list[MilestoneRow]:
    """List the dates of a rollout, those of its batches among them."""
    has_window = rollout.notified_at is None or rollout.cutoff_at > rollout.notified_at
    dates = [MilestoneRow("Notice", rollout.notified_at, icon="megaphone")]
    if rollout.has_pilot:
        dates += [
            MilestoneRow("Pilot starts", rollout.pilot_started_at, icon="flask"),
            MilestoneRow("Pilot ends", rollout.pilot_ended_at, icon="eye"),
        ]
    if has_window:
        dates.append(MilestoneRow("Cut-off for instructions", rollout.cutoff_at, icon="hourglass"))
    dates += [
        MilestoneRow(f"{batch.name}: automatic", batch.automatic_at, icon="calendar")
        for batch in batches
        if batch.automatic_at is not None
    ]
    note = "" if has_window else "no supplier window"
    dates.append(MilestoneRow("Automatic activation", rollout.automatic_at, note, "activate"))
    if rollout.unreachable_until:
        dates.append(MilestoneRow("Unreachable hubs given up", rollout.unreachable_until, icon="x-circle"))
    return dates


def cutoff_of(rollout: Rollout, batch: Batch | None) -> datetime:
    """Return until when Suppliers may instruct hubs of a batch."""
    return batch.cutoff_at if batch is not None and batch.cutoff_at is not None else rollout.cutoff_at
