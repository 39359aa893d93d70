"""Pilots: what a choice would hold, who nominated what, how it goes, what its review holds back (R2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.identity.models import Organisation
from portal.identity.scope import Scope
from portal.kernel import paging, sql
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from portal.kernel.refusals import NotFound
from portal.kernel.spreadsheets import NotRead
from rollouts.models import Batch, PilotSubmission, SelectionRuleVersion
from rollouts.queries.rollouts.progress import Viewer
from rollouts.reads.rollouts.visibility import visible_rollout, visible_rollouts
from rollouts.rules import REVIEW_WARNING
from rollouts.states import (
    FAILED_STATES,
    OPEN_STATUSES,
    BatchKind,
    FailureCode,
    Region,
    TargetState,
    failure_code,
)

LISTED: Final = 20
PAGE_SIZE: Final = 100
MOST_A_PAGE: Final = 1_000
_FIRST: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class Submission:
    """A nomination. `supplier` is told to the DCC alone."""

    id: int
    supplier: str
    rule: str
    submitted_at: datetime
    activate_at: datetime | None
    status: str
    comment: str
    hubs: int
    rejected: Sequence[Mapping[str, Any]]
    score: float | None
    breakdown: Mapping[str, Any]
    not_read: Sequence[NotRead] = ()
    is_proposal: bool = False
    """Whether DCC proposed these hubs."""


@dataclass(frozen=True, slots=True)
class PilotHub:
    """A hub of the pilot, as its viewer may see it."""

    guid: str
    region: Region
    version: str
    role: str
    has_second_supplier: bool
    has_answered: bool
    second_has_answered: bool | None
    state: TargetState
    code: FailureCode
    state_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class PilotProgress:
    """How a pilot goes, in numbers of the viewer's own hubs; the DCC and the Panel see all of them."""

    hubs: int
    states: Mapping[TargetState, int]
    failures: Mapping[FailureCode, int]
    by_region: Mapping[Region, Mapping[TargetState, int]]
    by_version: Mapping[str, Mapping[TargetState, int]]

    @property
    def activated(self) -> int:
        """How many hubs confirmed that they run the new firmware."""
        return self.states.get(TargetState.ACTIVATED, 0)

    @property
    def failed(self) -> int:
        """How many have failed for good, or never confirmed."""
        return sum(n for state, n in self.states.items() if state in FAILED_STATES)


@dataclass(frozen=True, slots=True)
class ReviewOpen:
    """A pilot whose outcome nobody has accepted: an action on the DCC as its due time comes near.

    `held`: hubs that were due and wait for the review; at the due time nothing activates by default.
    """

    rollout_id: int
    name: str
    status: str
    due_at: datetime
    held: int
    is_warned: bool
    is_overdue: bool


def submissions(scope: Scope, *, rollout_id: int) -> list[Submission]:
    """List the nominations for a pilot, the latest first: a Supplier's own, or for the DCC all of them.

    Raises:
        NotFound: there is no such rollout for this organisation, or it is neither a Supplier nor the DCC.
    """
    visible_rollout(scope, rollout_id)
    nominations = PilotSubmission.objects.filter(rollout_id=rollout_id)
    if not scope.is_dcc:
        nominations = nominations.filter(organisation_id=scope.organisation_id)
    rows = list(nominations.order_by("-pk"))
    names = dict(
        Organisation.objects.filter(pk__in={row.organisation_id for row in rows}).values_list("pk", "name")
    )
    rules = dict(
        SelectionRuleVersion.objects.filter(
            pk__in={row.rule_version_id for row in rows if row.rule_version_id}
        ).values_list("pk", "rule__name")
    )
    return [
        Submission(
            id=row.pk,
            supplier=names[row.organisation_id],
            rule=rules.get(row.rule_version_id or 0, ""),
            submitted_at=row.submitted_at,
            activate_at=row.activate_at,
            status=row.status,
            comment=row.comment,
            hubs=row.hubs,
            rejected=row.rejected,
            score=row.score,
            breakdown=row.breakdown,
            not_read=list(map(NotRead.of, row.not_read)),
            is_proposal=row.proposal_id is not None,
        )
        for row in rows
    ]


def pilot_hubs(scope: Scope, *, rollout_id: int, after: str = "", size: int = PAGE_SIZE) -> Page[PilotHub]:
    """Return a page of the pilot's hubs, each with its outcome: the viewer's own, or for the DCC all.

    Raises:
        NotFound: there is no such rollout for this organisation, or it has no pilot.
        BadCursor: the cursor is damaged.
    """
    size = max(1, min(size, MOST_A_PAGE))
    place = int(_cursors(scope).decode(after, size=1)[0]) if after else _FIRST
    params = _pilot_params(scope, rollout_id)
    rows = sql.fetch_all("rollouts", "pilot_hubs", after=place, size=size + 1, **params)
    shown = rows[:size]
    return Page(
        [_pilot_hub(row) for row in shown],
        next=_cursors(scope).encode(shown[-1].guid) if len(rows) > size else None,
    )


def pilot_progress(scope: Scope, *, rollout_id: int) -> PilotProgress:
    """Count how the pilot goes: by state, failure, region and version before.

    Raises:
        NotFound: there is no such rollout for this organisation, or it has no pilot.
    """
    rows = sql.fetch_all("rollouts", "pilot_counts", **_pilot_params(scope, rollout_id))
    states: Counter[TargetState] = Counter()
    failures: Counter[FailureCode] = Counter()
    by_region: dict[Region, Counter[TargetState]] = {}
    by_version: dict[str, Counter[TargetState]] = {}
    for row in rows:
        state = TargetState(row.state)
        states[state] += row.hubs
        by_region.setdefault(Region(row.region), Counter())[state] += row.hubs
        by_version.setdefault(row.version, Counter())[state] += row.hubs
        if row.code:
            failures[failure_code(row.code)] += row.hubs
    return PilotProgress(states.total(), states, failures, by_region, by_version)


def reviews_open(scope: Scope, *, now: datetime) -> list[ReviewOpen]:
    """List the pilots not yet accepted, the most urgent first, and what their reviews hold back (R2.5)."""
    visible = visible_rollouts(scope).filter(status__in=OPEN_STATUSES, has_pilot=True, pilot_accepted_at=None)
    ids = list(visible.values_list("pk", flat=True))
    if not ids:
        return []
    rows = sql.fetch_all("rollouts", "reviews_open", rollouts=ids, now=now, **Viewer.of(scope).params)
    return [
        ReviewOpen(
            rollout_id=row.rollout_id,
            name=row.name,
            status=row.status,
            due_at=row.due_at,
            held=row.held,
            is_warned=now >= row.due_at - REVIEW_WARNING,
            is_overdue=now >= row.due_at,
        )
        for row in rows
    ]


def _pilot_params(scope: Scope, rollout_id: int) -> dict[str, Any]:
    visible_rollout(scope, rollout_id)
    pilot = Batch.objects.filter(rollout_id=rollout_id, kind=BatchKind.PILOT).first()
    if pilot is None:
        raise NotFound("This rollout has no pilot.")
    return {"rollout_id": rollout_id, "batch_id": pilot.pk, **Viewer.of(scope).params}


def _pilot_hub(row: Any) -> PilotHub:
    return PilotHub(
        guid=str(Guid.from_db(row.guid)),
        region=Region(row.region),
        version=row.version or "",
        role=row.role,
        has_second_supplier=row.is_split,
        has_answered=row.answer > 0,
        second_has_answered=row.second_answer > 0 if row.is_split else None,
        state=TargetState(row.state),
        code=failure_code(row.code),
        state_at=row.state_at,
        effective_at=row.effective_at,
    )


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("pilot-hubs", scope.organisation_id)
