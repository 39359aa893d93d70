"""The dashboard: rollouts in flight, outstanding actions, what others do next, and what is automatic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from portal.identity.scope import Scope
from rollouts.models import Rollout
from rollouts.queries.rollouts.deadlines import NextDate, next_dates
from rollouts.queries.rollouts.duties import DutyFacts, Outstanding, outstanding_of
from rollouts.queries.rollouts.progress import ActivationPlan, Progress, States, plans_of, progress_of
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.states import (
    HALTED_STATUSES,
    OPEN_STATUSES,
    RUNNING_STATUSES,
    Region,
    RolloutStatus,
    TargetState,
)

MOST_ROLLOUTS: Final = 60


@dataclass(frozen=True, slots=True)
class Flight:
    """One open rollout with the viewer's own numbers."""

    id: int
    name: str
    model: str
    version: str
    status: RolloutStatus
    severity: str
    kind: str
    notified_at: datetime | None
    cutoff_at: datetime
    automatic_at: datetime
    has_window: bool
    states: States
    total: int
    activated: int
    failed: int
    waiting_for_viewer: int
    held_instructed: int = 0
    """Hubs the viewer has instructed, of a rollout that is halted."""
    held_waiting: int = 0
    """Hubs that wait for the viewer once the rollout resumes."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything on the dashboard."""

    flights: Sequence[Flight] = ()
    outstanding: Sequence[Outstanding] = ()
    next_dates: Sequence[NextDate] = ()
    days: Mapping[date, Mapping[str, int]] = field(default_factory=dict)
    held: int = 0
    """Hubs of halted rollouts, which have no day until those resume."""
    volumes: Mapping[Region, Mapping[date, int]] = field(default_factory=dict)
    """What lies ahead, by region and day: for CSPs and the DCC."""
    regions: Mapping[Region, States] = field(default_factory=dict)
    """Where the hubs of each region stand: for CSPs and the DCC."""

    @property
    def total(self) -> int:
        """How many hubs are part of an open rollout."""
        return sum(flight.total for flight in self.flights)

    @property
    def activated(self) -> int:
        """How many of them run the new firmware."""
        return sum(flight.activated for flight in self.flights)

    @property
    def failed(self) -> int:
        """How many of them have failed for good."""
        return sum(flight.failed for flight in self.flights)

    @property
    def waiting_for_viewer(self) -> int:
        """How many of them wait for the viewer's answer."""
        return sum(flight.waiting_for_viewer for flight in self.flights)


def dashboard(scope: Scope, *, now: datetime) -> Dashboard:
    """Assemble the dashboard of an organisation, in as many statements for one rollout as for fifty."""
    visible = visible_rollouts(scope).filter(status__in=[*OPEN_STATUSES, RolloutStatus.DRAFT])
    known = list(
        visible.select_related("cpl_entry__device_model").order_by("automatic_at", "id")[:MOST_ROLLOUTS]
    )
    rollouts = [rollout for rollout in known if rollout.status != RolloutStatus.DRAFT]
    ids = [rollout.pk for rollout in rollouts]
    progress, plans = progress_of(scope, ids), plans_of(scope, ids)
    facts = DutyFacts.gather(ids)
    flights = [flight_of(rollout, progress[rollout.pk], plans[rollout.pk], now=now) for rollout in rollouts]
    outstanding = outstanding_of(scope, known, progress, plans, facts, now=now)
    return Dashboard(
        flights=flights,
        outstanding=sorted(outstanding, key=lambda item: (item.due_at is None, item.due_at or now)),
        next_dates=next_dates(
            scope, rollouts, decisions=facts.decisions, batches=facts.batches.values(), now=now
        ),
        days=_by_day(plans.values()),
        held=sum(plan.held for plan in plans.values()),
        volumes=_volumes(plans.values()) if scope.is_csp or scope.is_dcc else {},
        regions=_regions(progress.values()) if scope.is_csp or scope.is_dcc else {},
    )


def flight_of(rollout: Rollout, progress: Progress, plan: ActivationPlan, *, now: datetime) -> Flight:
    """Return one rollout with the viewer's own numbers."""
    entry = rollout.cpl_entry
    may_wait = rollout.status in RUNNING_STATUSES
    return Flight(
        id=rollout.pk,
        name=rollout.name,
        model=str(entry.device_model),
        version=entry.firmware_version,
        status=RolloutStatus(rollout.status),
        severity=rollout.severity,
        kind=rollout.kind,
        notified_at=rollout.notified_at,
        cutoff_at=rollout.cutoff_at,
        automatic_at=rollout.automatic_at,
        has_window=rollout.notified_at is None or rollout.cutoff_at > rollout.notified_at,
        states=progress.states,
        total=progress.total,
        activated=progress.activated,
        failed=progress.failed,
        waiting_for_viewer=plan.mine if may_wait else 0,
        held_instructed=plan.held_instructed,
        held_waiting=plan.mine if rollout.status in HALTED_STATUSES else 0,
    )


def _by_day(plans: Iterable[ActivationPlan]) -> dict[date, dict[str, int]]:
    days: dict[date, Counter[str]] = defaultdict(Counter)
    for plan in plans:
        for day, counts in plan.days.items():
            days[day].update(counts)
    return {day: dict(counts) for day, counts in sorted(days.items())}


def _volumes(plans: Iterable[ActivationPlan]) -> dict[Region, dict[date, int]]:
    volumes: dict[Region, Counter[date]] = defaultdict(Counter)
    for plan in plans:
        for region, days in plan.by_region.items():
            volumes[region].update(days)
    return {region: dict(sorted(days.items())) for region, days in sorted(volumes.items())}


def _regions(progress: Iterable[Progress]) -> dict[Region, States]:
    regions: dict[Region, Counter[TargetState]] = defaultdict(Counter)
    for each in progress:
        for region, states in each.by_region.items():
            regions[region].update(states)
    return dict(sorted(regions.items()))
