"""What each actor owes, and by when: the outstanding actions of the dashboard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from enum import Enum
from functools import partial
from typing import Final

from django.db.models import Count, Min, Q

from portal.identity.roles import MAY_CONFIRM, MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from rollouts.models import Batch, Decision, Incident, PilotSubmission, ReleaseNote, Rollout, UnmatchedAlert
from rollouts.queries.pilots.pilots import ReviewOpen, reviews_open
from rollouts.queries.rollouts.deadlines import OpenDecision, cutoff_of, resume_due
from rollouts.queries.rollouts.forecast import distribution_forecast
from rollouts.queries.rollouts.progress import ActivationPlan, Progress
from rollouts.rules import REVIEW_WARNING
from rollouts.states import (
    HALTED_STATUSES,
    NOMINATION_STATUSES,
    RUNNING_STATUSES,
    BatchKind,
    Region,
    ReleaseKind,
    RolloutStatus,
    TargetState,
)
from rollouts.states.governing import OPEN_DECISIONS, OPEN_INCIDENTS, DecisionStatus, IncidentStatus

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
    OPEN_GATE = "open-gate"
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


@dataclass(slots=True)
class DutyFacts:
    """What duties depend on beside the tallies."""

    batches: dict[int, Batch] = field(default_factory=dict)
    noted: set[int] = field(default_factory=set)
    """Rollouts with a Release Note."""
    submissions: Counter[tuple[int, str]] = field(default_factory=Counter)
    nominated_by: set[tuple[int, int]] = field(default_factory=set)
    proposed_to: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Hubs that DCC proposes for a pilot, by rollout and Supplier."""
    decisions: dict[int, OpenDecision] = field(default_factory=dict)
    """Where the open decision of a rollout stands."""
    reviews: dict[int, ReviewOpen] = field(default_factory=dict)
    """Pilots not accepted yet, and what that holds back: for operators."""

    @classmethod
    def gather(cls, ids: Sequence[int]) -> DutyFacts:
        facts = cls(
            batches={batch.pk: batch for batch in Batch.objects.filter(rollout_id__in=ids)},
            noted=set(ReleaseNote.objects.filter(rollout_id__in=ids).values_list("rollout_id", flat=True)),
        )
        open_ones = Decision.objects.filter(rollout_id__in=ids, status__in=OPEN_DECISIONS)
        for rollout_id, status, opened_at, recommended_at in open_ones.values_list(
            "rollout_id", "status", "opened_at", "recommended_at"
        ):
            since = recommended_at if status == DecisionStatus.RECOMMENDED else opened_at
            facts.decisions[rollout_id or 0] = OpenDecision(DecisionStatus(status), since or opened_at)
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


def outstanding_of(
    scope: Scope,
    rollouts: Sequence[Rollout],
    progress: Mapping[int, Progress],
    plans: Mapping[int, ActivationPlan],
    facts: DutyFacts,
    *,
    now: datetime,
) -> list[Outstanding]:
    """Return what the viewer owes, in no order."""
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
            due
            for rollout in rollouts
            for due in _operator_owes(rollout, progress.get(rollout.pk), facts, now=now)
        ]
        return [*owed, *_incidents_to_handle(), *_shortfall(scope, now=now), *_unmatched()]
    if scope.is_panel and scope.has(*MAY_CONFIRM):
        return [
            Outstanding(Duty.CONFIRM, decision.due_at, rollout.pk, rollout.name, progress[rollout.pk].moving)
            for rollout in rollouts
            if (decision := facts.decisions.get(rollout.pk)) and decision.is_recommended
        ]
    return []


def _supplier_owes(
    scope: Scope, rollout: Rollout, plan: ActivationPlan, facts: DutyFacts, *, now: datetime
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


def _owes_pilot_hubs(scope: Scope, rollout: Rollout, facts: DutyFacts, *, now: datetime) -> list[Outstanding]:
    if not rollout.has_pilot or rollout.status not in NOMINATION_STATUSES or rollout.cutoff_at < now:
        return []
    own = (rollout.pk, scope.organisation_id)
    due_at = min(rollout.cutoff_at, rollout.pilot_starts_at or rollout.cutoff_at)
    owes = partial(Outstanding, due_at=due_at, rollout_id=rollout.pk, rollout_name=rollout.name)
    if proposed := facts.proposed_to[own]:
        return [owes(Duty.ANSWER_PROPOSAL, count=proposed)]
    if rollout.status == RolloutStatus.NOTIFIED and own not in facts.nominated_by:
        return [owes(Duty.NOMINATE, count=rollout.pilot_cap)]
    return []


def _operator_owes(
    rollout: Rollout, progress: Progress | None, facts: DutyFacts, *, now: datetime
) -> list[Outstanding]:
    owes = partial(Outstanding, rollout_id=rollout.pk, rollout_name=rollout.name)
    status = RolloutStatus(rollout.status)
    if status == RolloutStatus.DRAFT or progress is None:
        return [owes(Duty.PUBLISH, None)]
    owed = []
    if rollout.kind != ReleaseKind.SEC_RELEASE and rollout.pk not in facts.noted:
        owed.append(owes(Duty.ADD_NOTE, None))
    decision = facts.decisions.get(rollout.pk)
    if decision is not None and not decision.is_recommended:
        owed.append(owes(Duty.RECOMMEND, decision.due_at, count=progress.moving))
    elif decision is None and status == RolloutStatus.PAUSED:
        owed.append(owes(Duty.RECOMMEND, resume_due(rollout), count=progress.moving))
    return [
        *owed,
        *_pilot_owes(rollout, progress, facts, now=now),
        *_owes_gates(rollout, progress, facts, now=now),
    ]


def _owes_gates(
    rollout: Rollout, progress: Progress, facts: DutyFacts, *, now: datetime
) -> list[Outstanding]:
    """Find the hubs behind a shut gate whose time has come, or will within the time of warning (R3.7)."""
    if rollout.status != RolloutStatus.SAFE_LAUNCH:
        return []
    shut: Counter[datetime] = Counter()
    for batch in facts.batches.values():
        if batch.rollout_id == rollout.pk and not batch.gate_open:
            behind = Progress(states=progress.by_batch.get(batch.pk, Counter()))
            shut[batch.automatic_at or rollout.automatic_at] += behind.moving
    due = {at: hubs for at, hubs in shut.items() if hubs and at - REVIEW_WARNING <= now}
    if not due:
        return []
    return [Outstanding(Duty.OPEN_GATE, min(due), rollout.pk, rollout.name, sum(due.values()))]


def _pilot_owes(
    rollout: Rollout, progress: Progress, facts: DutyFacts, *, now: datetime
) -> list[Outstanding]:
    owes = partial(Outstanding, rollout_id=rollout.pk, rollout_name=rollout.name)
    status = RolloutStatus(rollout.status)
    owed = []
    starts_by = rollout.pilot_starts_at or rollout.cutoff_at
    undecided = facts.submissions[rollout.pk, PilotSubmission.Status.SUBMITTED]
    if undecided and status not in HALTED_STATUSES:
        owed.append(owes(Duty.DECIDE_NOMINATIONS, starts_by, count=undecided))
    pilot, others = _pilot_and_others(progress, facts)
    if status == RolloutStatus.NOTIFIED and pilot.total:
        owed.append(owes(Duty.START_PILOT, starts_by, count=pilot.total))
    ends_by = rollout.pilot_ends_at or rollout.automatic_at
    if status == RolloutStatus.PILOT and (not pilot.moving or ends_by <= now):
        owed.append(owes(Duty.END_PILOT, ends_by, count=pilot.total))
    review = facts.reviews.get(rollout.pk)
    is_overdue = rollout.pilot_starts_at is not None and rollout.pilot_starts_at <= now
    has_no_way = not pilot.total and (rollout.window_closed_at is not None or is_overdue)
    if (
        review is not None
        and (review.is_warned or has_no_way)
        and RolloutStatus.NOTIFIED in (status, rollout.stood_at)
    ):
        owed.append(
            owes(
                Duty.MEND_PILOT, rollout.pilot_starts_at or review.due_at, count=review.held or others.moving
            )
        )
    elif review is not None and (status == RolloutStatus.PILOT_REVIEW or review.is_warned):
        # Whatever the rollout waits for: nothing of the safe launch moves before this review.
        owed.append(owes(Duty.REVIEW_PILOT, review.due_at, count=review.held or others.moving))
    return owed


def _pilot_and_others(progress: Progress, facts: DutyFacts) -> tuple[Progress, Progress]:
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
