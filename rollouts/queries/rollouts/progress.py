"""How far rollouts have come, counted from the tallies alone, as each viewer may count them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from portal.identity.scope import Scope
from portal.kernel import sql
from rollouts.models import CspChannel
from rollouts.states import (
    FAILED_STATES,
    HALTED_STATUSES,
    Consent,
    FailureCode,
    Region,
    TargetState,
    failure_code,
)

States = Mapping[TargetState, int]


class TimeReason(StrEnum):
    """Why a hub will activate on its day if nobody does anything more."""

    INSTRUCTED = "yours"
    SECOND_SILENT = "waiting"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose hubs are counted: a Supplier's, a CSP's by region, or (neither) all."""

    party: int | None = None
    regions: tuple[int, ...] | None = None

    @classmethod
    def of(cls, scope: Scope) -> Viewer:
        """Return what this organisation may count."""
        if scope.is_supplier:
            return cls(party=scope.organisation_id)
        if scope.is_csp:
            served = CspChannel.objects.filter(csp_id=scope.organisation_id).values_list("region", flat=True)
            return cls(regions=tuple(sorted(served)))
        return cls()

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the statements that count."""
        return {"party": self.party, "regions": None if self.regions is None else list(self.regions)}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the hubs of one rollout stand."""

    states: States = field(default_factory=dict)
    by_batch: Mapping[int, States] = field(default_factory=dict)
    by_region: Mapping[Region, States] = field(default_factory=dict)
    failures: Mapping[FailureCode, int] = field(default_factory=dict)
    """Hubs that failed for good, by reason."""
    retrying: Mapping[FailureCode, int] = field(default_factory=dict)
    """Hubs that failed and are being tried again, by reason."""
    withdrawn: Mapping[FailureCode, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many hubs there are, those that were withdrawn left out."""
        return sum(self.states.values()) - self.states.get(TargetState.WITHDRAWN, 0)

    @property
    def regions(self) -> list[Region]:
        """The regions in which there are hubs."""
        return [region for region, states in self.by_region.items() if sum(states.values()) > 0]

    @property
    def activated(self) -> int:
        """How many hubs confirmed that they run the new firmware."""
        return self.states.get(TargetState.ACTIVATED, 0)

    @property
    def failed(self) -> int:
        """How many hubs have failed for good, or never confirmed."""
        return sum(n for state, n in self.states.items() if state in FAILED_STATES)

    @property
    def moving(self) -> int:
        """How many hubs are not settled yet."""
        return self.total - self.activated - self.failed


@dataclass(frozen=True, slots=True)
class Waiting:
    """Hubs of one batch whose time depends on somebody's answer."""

    batch_id: int
    mine: int = 0
    """Hubs the viewer has not answered for, and nobody else has instructed."""
    mine_second: int = 0
    """Hubs the other Supplier has instructed, and the viewer has not answered for."""
    theirs: int = 0
    """Hubs the viewer has answered for, and the second Supplier has not."""


@dataclass(frozen=True, slots=True)
class ActivationPlan:
    """What will happen to the hubs of one rollout if nobody does anything more: of a halted one, nothing."""

    days: Mapping[date, Mapping[str, int]] = field(default_factory=dict)
    by_region: Mapping[Region, Mapping[date, int]] = field(default_factory=dict)
    consents: Mapping[Consent, int] = field(default_factory=dict)
    waiting: Sequence[Waiting] = ()
    held: int = 0
    """Hubs of a halted rollout: none of their times holds until it resumes."""
    held_by_day: Mapping[date, int] = field(default_factory=dict)
    """Of these, hubs the viewer has instructed, by the day that was to be theirs."""
    shared: int = 0
    """Hubs with a second Supplier."""
    shared_answered: int = 0
    """Of these, hubs for which the second Supplier has answered."""

    @property
    def held_instructed(self) -> int:
        """How many hubs of a halted rollout the viewer has instructed."""
        return sum(self.held_by_day.values())

    @property
    def mine(self) -> int:
        """How many hubs wait for the viewer."""
        return sum(each.mine + each.mine_second for each in self.waiting)


def progress_of(scope: Scope, rollout_ids: Iterable[int]) -> dict[int, Progress]:
    """Count where hubs stand, by rollout; in one statement, however many there are."""
    ids = list(rollout_ids)
    rows: dict[int, list[Any]] = {rollout_id: [] for rollout_id in ids}
    if ids:
        params = Viewer.of(scope).params
        for row in sql.fetch_all("rollouts", "progress_states", rollouts=ids, **params):
            rows[row.rollout_id].append(row)
    return {rollout_id: _progress(states) for rollout_id, states in rows.items()}


def plans_of(scope: Scope, rollout_ids: Iterable[int]) -> dict[int, ActivationPlan]:
    """Return what happens if nobody does anything more, by rollout; in one statement for all of them."""
    ids = list(rollout_ids)
    rows: dict[int, list[Any]] = {rollout_id: [] for rollout_id in ids}
    if ids:
        params = Viewer.of(scope).params
        halted = sorted(HALTED_STATUSES)
        for row in sql.fetch_all("rollouts", "progress_plan", rollouts=ids, halted=halted, **params):
            rows[row.rollout_id].append(row)
    return {rollout_id: _plan(states) for rollout_id, states in rows.items()}


def _progress(rows: Iterable[Any]) -> Progress:
    states: Counter[TargetState] = Counter()
    by_batch: dict[int, Counter[TargetState]] = defaultdict(Counter)
    by_region: dict[Region, Counter[TargetState]] = defaultdict(Counter)
    failures: Counter[FailureCode] = Counter()
    retrying: Counter[FailureCode] = Counter()
    withdrawn: Counter[FailureCode] = Counter()
    for row in rows:
        state, code = TargetState(row.state), failure_code(row.code)
        states[state] += row.hubs
        by_batch[row.batch_id][state] += row.hubs
        by_region[Region(row.region)][state] += row.hubs
        if state in FAILED_STATES:
            failures[code] += row.hubs
        elif state == TargetState.WITHDRAWN:
            withdrawn[code] += row.hubs
        elif code and state != TargetState.ACTIVATED:
            retrying[code] += row.hubs
    return Progress(states, by_batch, dict(sorted(by_region.items())), failures, retrying, withdrawn)


def _plan(rows: Iterable[Any]) -> ActivationPlan:
    days: dict[date, Counter[str]] = defaultdict(Counter)
    by_region: dict[Region, Counter[date]] = defaultdict(Counter)
    consents: Counter[Consent] = Counter()
    waiting: dict[int, Counter[str]] = defaultdict(Counter)
    held_by_day: Counter[date] = Counter()
    held = shared = shared_answered = 0
    for row in rows:
        consent = Consent(row.consent)
        consents[consent] += row.hubs
        if row.is_halted:
            held += row.hubs
            held_by_day.update({row.effective_day: row.hubs} if row.mine else {})
        else:
            days[row.effective_day][_because(consent, mine=row.mine)] += row.hubs
            by_region[Region(row.region)][row.effective_day] += row.hubs
        if row.is_split:
            shared += row.hubs
            shared_answered += row.hubs if row.other else 0
        if whose := _waits_for(consent, mine=row.mine):
            waiting[row.batch_id][whose] += row.hubs
    return ActivationPlan(
        days=days,
        by_region=dict(sorted(by_region.items())),
        consents=consents,
        waiting=[Waiting(batch_id, **counts) for batch_id, counts in sorted(waiting.items())],
        held=held,
        held_by_day=dict(sorted(held_by_day.items())),
        shared=shared,
        shared_answered=shared_answered,
    )


def _because(consent: Consent, *, mine: bool) -> TimeReason:
    if consent == Consent.AWAITING_SECOND:
        return TimeReason.SECOND_SILENT
    if consent == Consent.COMPLETE or (consent == Consent.DEFAULTED and mine):
        return TimeReason.INSTRUCTED
    return TimeReason.DEFAULT


def _waits_for(consent: Consent, *, mine: bool) -> str:
    if consent in {Consent.AWAITING, Consent.AWAITING_BOTH}:
        return "" if mine else "mine"
    if consent == Consent.AWAITING_SECOND:
        return "theirs" if mine else "mine_second"
    return ""
