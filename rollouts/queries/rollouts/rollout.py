"""One rollout as each viewer may see it, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.identity.scope import Scope
from rollouts.models import Batch, Rollout
from rollouts.queries.rollouts.dashboard import Flight, flight_of
from rollouts.queries.rollouts.deadlines import MilestoneRow, milestones
from rollouts.queries.rollouts.progress import ActivationPlan, Progress, States, plans_of, progress_of
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import (
    HALTED_STATUSES,
    BatchKind,
    ConsentPolicy,
    Priority,
    ReleaseKind,
    RolloutStatus,
    RolloutStep,
    Severity,
    open_steps,
)


@dataclass(frozen=True, slots=True)
class NoteRevision:
    """One revision of the Release Note."""

    revision: int
    url: str
    summary: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """A batch with its times and the viewer's numbers."""

    id: int
    name: str
    is_pilot: bool
    automatic_at: datetime
    cutoff_at: datetime
    has_own_times: bool
    gate_open: bool
    states: States
    total: int
    activated: int


@dataclass(frozen=True, slots=True)
class RolloutPage:
    """Everything about one rollout, as one viewer may see it."""

    flight: Flight
    kind: str
    severity: str
    priority: str
    description: str
    consent_policy: ConsentPolicy
    status_at: datetime | None
    status_reason: str
    stood_at: str
    has_pilot: bool
    pilot_cap: int
    pilot_starts_at: datetime | None
    pilot_ends_at: datetime | None
    pilot_started_at: datetime | None
    pilot_ended_at: datetime | None
    pilot_accepted_at: datetime | None
    pilot_skipped_at: datetime | None
    pilot_commentary: str
    unreachable_until: datetime | None
    predecessors: Sequence[str]
    sha256: str
    milestones: Sequence[MilestoneRow]
    notes: Sequence[NoteRevision]
    batches: Sequence[BatchProgress]
    progress: Progress
    plan: ActivationPlan
    steps: Sequence[RolloutStep]

    @property
    def is_halted(self) -> bool:
        """Return whether nothing moves at present."""
        return self.flight.status in HALTED_STATUSES

    @property
    def pilot(self) -> BatchProgress | None:
        """The pilot group, where there is one."""
        return next((batch for batch in self.batches if batch.is_pilot), None)


def rollout_page(scope: Scope, rollout_id: int, *, now: datetime) -> RolloutPage:
    """Return everything about one rollout.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    rollout = visible_rollout(scope, rollout_id)
    batches = [
        batch
        for batch in rollout.batches.order_by("position", "id")
        if rollout.pilot_skipped_at is None or batch.kind != BatchKind.PILOT  # it has no hubs any more
    ]
    progress = progress_of(scope, [rollout_id])[rollout_id]
    plan = plans_of(scope, [rollout_id])[rollout_id]
    entry = rollout.cpl_entry
    earlier = entry.device_model.cpl_entries.filter(pk__in=entry.allowed_predecessor_ids)
    status = RolloutStatus(rollout.status)
    return RolloutPage(
        flight=flight_of(rollout, progress, plan, now=now),
        kind=str(ReleaseKind(rollout.kind).label),
        severity=str(Severity(rollout.severity).label),
        priority=str(Priority(rollout.priority).label),
        description=rollout.description,
        consent_policy=ConsentPolicy(rollout.consent_policy),
        status_at=rollout.status_at,
        status_reason=rollout.status_reason,
        stood_at=rollout.stood_at,
        has_pilot=rollout.has_pilot,
        pilot_cap=rollout.pilot_cap,
        pilot_starts_at=rollout.pilot_starts_at,
        pilot_ends_at=rollout.pilot_ends_at,
        pilot_started_at=rollout.pilot_started_at,
        pilot_ended_at=rollout.pilot_ended_at,
        pilot_accepted_at=rollout.pilot_accepted_at,
        pilot_skipped_at=rollout.pilot_skipped_at,
        pilot_commentary=rollout.pilot_commentary,
        unreachable_until=rollout.unreachable_until,
        predecessors=sorted(earlier.values_list("firmware_version", flat=True)),
        sha256=bytes(entry.image_sha256).hex(),
        milestones=milestones(rollout, batches),
        notes=_notes(rollout),
        batches=[_batch(rollout, batch, progress) for batch in batches],
        progress=progress,
        plan=plan,
        steps=open_steps(*scope.roles, at=status, has_pilot=rollout.has_pilot),
    )


def _notes(rollout: Rollout) -> list[NoteRevision]:
    return [
        NoteRevision(note.revision, note.url, note.summary, note.published_at)
        for note in rollout.release_notes.order_by("-revision")
    ]


def _batch(rollout: Rollout, batch: Batch, progress: Progress) -> BatchProgress:
    own = Progress(states=progress.by_batch.get(batch.pk, {}))
    return BatchProgress(
        id=batch.pk,
        name=batch.name,
        is_pilot=batch.kind == BatchKind.PILOT,
        automatic_at=batch.automatic_at or rollout.automatic_at,
        cutoff_at=batch.cutoff_at or rollout.cutoff_at,
        has_own_times=batch.automatic_at is not None,
        gate_open=batch.gate_open,
        states=own.states,
        total=own.total,
        activated=own.activated,
    )
