"""The dashboard: rollouts in flight, outstanding actions, what others do next, and what is automatic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import Enum
from functools import partial
from typing import Final

from django.db.models import Count, Min, Q

from portal.identity.roles import MAY_CONFIRM, MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from rollouts.models import Batch, Decision, Incident, PilotSubmission, ReleaseNote, Rollout, UnmatchedAlert
from rollouts.queries.pilots.pilots import ReviewOpen, reviews_open
from rollouts.queries.rollouts.deadlines import NextDate, cutoff_of, next_dates
from rollouts.queries.rollouts.forecast import distribution_forecast
from rollouts.queries.rollouts.progress import ActivationPlan, Progress, States, plans_of, progress_of
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.states import (
    HALTED_STATUSES,
    NOMINATION_STATUSES,
    OPEN_STATUSES,
    RUNNING_STATUSES,
    BatchKind,
    Region,
    ReleaseKind,
    RolloutStatus,
    TargetState,
)
from rollouts.states.governing import OPEN_DECISIONS, OPEN_INCIDENTS, DecisionStatus, IncidentStatus

MOST_ROLLOUTS: Final = 60
MOST_UNMATCHED: Final = 1_000


class Duty(Enum):
    """What somebody owes."""

    INSTRUCT = "instruct"
    ANSWER_SECOND = "answer-second"
    NOMINATE = "nominate"
    ANSWER_PROPOSAL = "answer-proposal"
    PUBLISH = "publish"
    ADD_NOTE = "add-note"
    DECIDE_NOMINATIONS = "decide-nominations"
    START_PILOT = "start-pilot"
    END_PILOT = "end-pilot"
    REVIEW_PILOT = "review-pilot"
    MEND_PILOT = "mend-pilot"
    CONFIRM = "confirm"
    RECOMMEND = "recommend"
    ANSWER_INCIDENTS = "answer-incidents"
    RESOLVE_INCIDENTS = "resolve-incidents"
    CHECK_RESOLVED = "check-resolved"
    REVIEW_UNMATCHED = "review-unmatched"
    MEND_SHORTFALL = "mend-shortfall"
    PLACE_HUBS = "place-hubs"


@dataclass(frozen=True, slots=True)
class Outstanding:
    """One thing the viewer has to do; no time where none is fixed."""

    duty: Duty
    due_at: datetime | None
    rollout_id: int | None = None
    rollout_name: str = ""
    count: int = 0
    """Hubs, or what else the duty counts."""
    shared: int = 0
    """Of these, hubs with a second Supplier."""
    places: Mapping[Region, int] = field(default_factory=dict)
    """How many of them where, for what concerns regions."""


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
    facts = _Facts.gather(ids)
    flights = [flight_of(rollout, progress[rollout.pk], plans[rollout.pk], now=now) for rollout in rollouts]
    outstanding = _outstanding(scope, known, progress, plans, facts, now=now)
    return Dashboard(
        flights=flights,
        outstanding=sorted(outstanding, key=lambda item: (item.due_at is None, item.due_at or now)),
        next_dates=next_dates(scope, rollouts, now=now),
        days=_by_day(plans.values()),
        held=sum(plan.held for plan in plans.values()),
        volumes=_volumes(plans.values()) if scope.is_csp or scope.is_dcc else {},
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
    )


@dataclass(slots=True)
class _Facts:
    """What duties depend on beside the tallies."""

    batches: dict[int, Batch] = field(default_factory=dict)
    noted: set[int] = field(default_factory=set)
    """Rollouts with a Release Note."""
    submissions: Counter[tuple[int, str]] = field(default_factory=Counter)
    nominated_by: set[tuple[int, int]] = field(default_factory=set)
    proposed_to: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Hubs that DCC proposes for a pilot, by rollout and Supplier."""
    decisions: dict[int, str] = field(default_factory=dict)
    """Where the open decision of a rollout stands."""
    reviews: dict[int, ReviewOpen] = field(default_factory=dict)
    """Pilots not accepted yet, and what that holds back: for operators."""

    @classmethod
    def gather(cls, ids: Sequence[int]) -> _Facts:
        facts = cls(
            batches={batch.pk: batch for batch in Batch.objects.filter(rollout_id__in=ids)},
            noted=set(ReleaseNote.objects.filter(rollout_id__in=ids).values_list("rollout_id", flat=True)),
        )
        open_ones = Decision.objects.filter(rollout_id__in=ids, status__in=OPEN_DECISIONS)
        for rollout_id, status in open_ones.values_list("rollout_id", "status"):
            facts.decisions[rollout_id or 0] = status
        submissions = PilotSubmission.objects.filter(rollout_id__in=ids).exclude(
            status=PilotSubmission.Status.WITHDRAWN
        )
        for rollout_id, organisation_id, status, hubs in submissions.values_list(
            "rollout_id", "organisation_id", "status", "hubs"
        ):
            facts.submissions[rollout_id, status] += 1
            if status == PilotSubmission.Status.PROPOSED:
                facts.proposed_to[rollout_id, organisation_id] += hubs
            else:
                facts.nominated_by.add((rollout_id, organisation_id))
        return facts


def _outstanding(
    scope: Scope,
    rollouts: Sequence[Rollout],
    progress: Mapping[int, Progress],
    plans: Mapping[int, ActivationPlan],
    facts: _Facts,
    *,
    now: datetime,
) -> list[Outstanding]:
    if scope.is_supplier and scope.has(*MAY_INSTRUCT):
        owed = [
            due
            for rollout in rollouts
            for due in _supplier_owes(scope, rollout, plans[rollout.pk], facts, now=now)
        ]
        return [*owed, *_incidents_to_check(scope)]
    if scope.is_dcc and scope.has(*MAY_OPERATE):
        facts.reviews = {review.rollout_id: review for review in reviews_open(scope, now=now)}
        owed = [
            due for rollout in rollouts for due in _operator_owes(rollout, progress.get(rollout.pk), facts)
        ]
        return [*owed, *_incidents_to_handle(), *_shortfall(scope, now=now), *_unmatched()]
    if scope.is_panel and scope.has(*MAY_CONFIRM):
        return [
            Outstanding(Duty.CONFIRM, None, rollout.pk, rollout.name, progress[rollout.pk].moving)
            for rollout in rollouts
            if facts.decisions.get(rollout.pk) == DecisionStatus.RECOMMENDED
        ]
    return []


def _supplier_owes(
    scope: Scope, rollout: Rollout, plan: ActivationPlan, facts: _Facts, *, now: datetime
) -> list[Outstanding]:
    if rollout.status not in RUNNING_STATUSES:
        return []
    owes = partial(Outstanding, rollout_id=rollout.pk, rollout_name=rollout.name)
    mine: Counter[datetime] = Counter()
    second: Counter[datetime] = Counter()
    for each in plan.waiting:
        cutoff_at = cutoff_of(rollout, facts.batches.get(each.batch_id))
        if cutoff_at >= now:
            mine[cutoff_at] += each.mine
            second[cutoff_at] += each.mine_second
    owed = [owes(Duty.INSTRUCT, at, count=n) for at, n in mine.items() if n]
    owed += [owes(Duty.ANSWER_SECOND, at, count=n, shared=n) for at, n in second.items() if n]
    return [*owed, *_owes_pilot_hubs(scope, rollout, facts, now=now)]


def _owes_pilot_hubs(scope: Scope, rollout: Rollout, facts: _Facts, *, now: datetime) -> list[Outstanding]:
    if not rollout.has_pilot or rollout.status not in NOMINATION_STATUSES or rollout.cutoff_at < now:
        return []
    own = (rollout.pk, scope.organisation_id)
    owes = partial(Outstanding, due_at=rollout.cutoff_at, rollout_id=rollout.pk, rollout_name=rollout.name)
    if proposed := facts.proposed_to[own]:
        return [owes(Duty.ANSWER_PROPOSAL, count=proposed)]
    if rollout.status == RolloutStatus.NOTIFIED and own not in facts.nominated_by:
        return [owes(Duty.NOMINATE, count=rollout.pilot_cap)]
    return []


def _operator_owes(rollout: Rollout, progress: Progress | None, facts: _Facts) -> list[Outstanding]:
    owes = partial(Outstanding, rollout_id=rollout.pk, rollout_name=rollout.name)
    status = RolloutStatus(rollout.status)
    if status == RolloutStatus.DRAFT or progress is None:
        return [owes(Duty.PUBLISH, None)]
    owed = []
    if rollout.kind != ReleaseKind.SEC_RELEASE and rollout.pk not in facts.noted:
        owed.append(owes(Duty.ADD_NOTE, None))
    if facts.decisions.get(rollout.pk) == DecisionStatus.REVIEW:
        owed.append(owes(Duty.RECOMMEND, None, count=progress.moving))
    return [*owed, *_pilot_owes(rollout, progress, facts)]


def _pilot_owes(rollout: Rollout, progress: Progress, facts: _Facts) -> list[Outstanding]:
    owes = partial(Outstanding, rollout_id=rollout.pk, rollout_name=rollout.name)
    status = RolloutStatus(rollout.status)
    owed = []
    undecided = facts.submissions[rollout.pk, PilotSubmission.Status.SUBMITTED]
    if undecided and status not in HALTED_STATUSES:
        owed.append(owes(Duty.DECIDE_NOMINATIONS, rollout.cutoff_at, count=undecided))
    pilot, others = _pilot_and_others(progress, facts)
    if status == RolloutStatus.NOTIFIED and pilot.total:
        owed.append(owes(Duty.START_PILOT, rollout.cutoff_at, count=pilot.total))
    if status == RolloutStatus.PILOT and not pilot.moving:
        owed.append(owes(Duty.END_PILOT, rollout.automatic_at, count=pilot.total))
    review = facts.reviews.get(rollout.pk)
    has_no_way = rollout.window_closed_at is not None and not pilot.total
    if (
        review is not None
        and (review.is_warned or has_no_way)
        and RolloutStatus.NOTIFIED in (status, rollout.stood_at)
    ):
        owed.append(owes(Duty.MEND_PILOT, review.due_at, count=review.held or others.moving))
    elif review is not None and (status == RolloutStatus.PILOT_REVIEW or review.is_warned):
        # Whatever the rollout waits for: nothing of the safe launch moves before this review.
        owed.append(owes(Duty.REVIEW_PILOT, review.due_at, count=review.held or others.moving))
    return owed


def _pilot_and_others(progress: Progress, facts: _Facts) -> tuple[Progress, Progress]:
    pilot: Counter[TargetState] = Counter()
    others: Counter[TargetState] = Counter()
    for batch_id, states in progress.by_batch.items():
        batch = facts.batches.get(batch_id)
        (pilot if batch is not None and batch.kind == BatchKind.PILOT else others).update(states)
    return Progress(states=pilot), Progress(states=others)


def _incidents_to_handle() -> list[Outstanding]:
    """Find what Suppliers have reported that is not answered, or not resolved, by rollout (R5.1)."""
    incidents = Incident.objects.filter(status__in=OPEN_INCIDENTS).values("rollout_id", "rollout__name")
    counted = incidents.annotate(
        waiting=Count("id", filter=Q(responded_at=None)),
        answered=Count("id", filter=Q(responded_at__isnull=False)),
        answer_by=Min("respond_by", filter=Q(responded_at=None)),
        resolve_by=Min("resolve_by", filter=Q(responded_at__isnull=False)),
    )
    owed = []
    for row in counted.order_by("rollout_id"):
        owes = partial(Outstanding, rollout_id=row["rollout_id"], rollout_name=row["rollout__name"])
        if row["waiting"]:
            owed.append(owes(Duty.ANSWER_INCIDENTS, row["answer_by"], count=row["waiting"]))
        if row["answered"]:
            owed.append(owes(Duty.RESOLVE_INCIDENTS, row["resolve_by"], count=row["answered"]))
    return owed


def _incidents_to_check(scope: Scope) -> list[Outstanding]:
    resolved = Incident.objects.filter(
        organisation_id=scope.organisation_id, status=IncidentStatus.RESOLVED
    ).count()
    return [Outstanding(Duty.CHECK_RESOLVED, None, count=resolved)] if resolved else []


def _shortfall(scope: Scope, *, now: datetime) -> list[Outstanding]:
    """Find the hubs whose image would come too late, by the earliest day concerned (R3.6).

    Where no CSP serves a region it is not the capacity that is short: that is a duty of its own.
    """
    late = [forecast for forecast in distribution_forecast(scope, now=now) if forecast.shortfall]
    owed = []
    for duty, is_served in ((Duty.MEND_SHORTFALL, True), (Duty.PLACE_HUBS, False)):
        places = {forecast.region: forecast.shortfall for forecast in late if forecast.is_served is is_served}
        days = [day for forecast in late if forecast.region in places for day, _ in forecast.late_by_day]
        if places:
            first = datetime.combine(min(days), time(), tzinfo=UTC)
            due_at = max(first, now) if is_served else first
            owed.append(Outstanding(duty, due_at, count=sum(places.values()), places=places))
    return owed


def _unmatched() -> list[Outstanding]:
    waiting = UnmatchedAlert.objects.filter(reviewed_at=None).values_list("pk", flat=True)
    count = len(waiting[:MOST_UNMATCHED])
    return [Outstanding(Duty.REVIEW_UNMATCHED, None, count=count)] if count else []


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
