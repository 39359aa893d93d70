"""Decisions as each viewer may know of them: the DCC and the Panel whole, others once they are enacted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.identity.models import Organisation, User
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import NotFound
from rollouts.models import Decision, HaltRule, HaltTrip, SignOff
from rollouts.reads.governance.halt_lookback import read_halt_rule
from rollouts.reads.governance.instructed_later import count_instructed_later
from rollouts.reads.governance.signers import reason_not_to_count
from rollouts.reads.governance.signing import requirement_options, standing_of
from rollouts.reads.rollouts.visibility import visible_rollout, visible_rollouts
from rollouts.rules.rates import Rate
from rollouts.states import ReviewOutcome
from rollouts.states.governing import OPEN_DECISIONS, DecisionKind, DecisionStatus, SignOffVerdict


@dataclass(frozen=True, slots=True)
class DecisionSignature:
    """One person's signature on one version of a recommendation."""

    name: str
    body: str
    verdict: SignOffVerdict
    comment: str
    at: datetime
    version: int
    is_void: bool


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision in a list."""

    id: int
    kind: DecisionKind
    rollout_id: int | None
    rollout_name: str
    status: DecisionStatus
    outcome: ReviewOutcome | None
    reasons: str
    automatic_at: datetime | None
    goes_on: bool
    opened_at: datetime
    recommended_at: datetime | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """A decision whole, for those who take part in it."""

    line: DecisionLine
    version: int
    because: str
    recommended_by: str
    evidence: Mapping[str, Any]
    effects: Mapping[str, Any]
    proposal: Mapping[str, Any]
    signatures: tuple[DecisionSignature, ...]
    still_needed: tuple[str, ...]
    may_recommend: bool
    may_sign: bool
    is_finished: bool
    instructed_later: int
    """Hubs instructed for later than the date that is to be brought forward to."""


@dataclass(frozen=True, slots=True)
class AfterHalt:
    """Hubs that activated after a halt, and those that can no longer be recalled."""

    activated_after_halt: int
    not_recalled: int
    being_recalled: int
    recalled: int


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A halt rule, and what it sees at this moment."""

    rule: HaltRule
    rate: Rate
    with_known: Rate
    since: datetime
    is_over: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """That a rule tripped."""

    at: datetime
    name: str
    suspended: bool
    evidence: Mapping[str, Any]


def decision_lines(
    scope: Scope, *, rollout_id: int | None = None, is_open: bool | None = None
) -> list[DecisionLine]:
    """Return decisions, the newest first: for Suppliers and CSPs those enacted on rollouts they know."""
    decisions = Decision.objects.select_related("rollout").order_by("-id")
    if not (scope.is_dcc or scope.is_panel):
        known = visible_rollouts(scope).values("pk")
        decisions = decisions.filter(status=DecisionStatus.ENACTED, rollout__in=known)
    if rollout_id is not None:
        decisions = decisions.filter(rollout_id=rollout_id)
    if is_open is not None:
        states = sorted(OPEN_DECISIONS)
        decisions = decisions.filter(status__in=states) if is_open else decisions.exclude(status__in=states)
    return [_line(decision) for decision in decisions]


def awaiting_confirmation(scope: Scope) -> list[DecisionLine]:
    """Return the recommendations that wait for a signature of this person."""
    waiting = Decision.objects.filter(status=DecisionStatus.RECOMMENDED).select_related("rollout")
    return [_line(decision) for decision in waiting.order_by("id") if _may_sign(scope, decision)]


def decision_page(scope: Scope, decision_id: int) -> DecisionPage:
    """Return one decision with its evidence, its signatures and from whom some are still needed.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    decision = Decision.objects.select_related("rollout").filter(pk=decision_id).first()
    if decision is None or not (scope.is_dcc or scope.is_panel):
        raise NotFound("There is no such decision.")
    is_open = decision.status in OPEN_DECISIONS
    recommender = (
        User.objects.filter(pk=decision.recommended_by_id or 0).values_list("name", flat=True).first()
    )
    needed = standing_of(decision).still_needed if decision.status == DecisionStatus.RECOMMENDED else ()
    return DecisionPage(
        line=_line(decision),
        version=decision.version,
        because=decision.because,
        recommended_by=recommender or "",
        evidence=decision.evidence,
        effects=decision.effects,
        proposal=decision.proposal,
        signatures=_signatures(decision),
        still_needed=needed,
        may_recommend=is_open and decision.rollout_id is not None and scope.has(*MAY_OPERATE),
        may_sign=_may_sign(scope, decision),
        is_finished=decision.finished_at is not None,
        instructed_later=count_instructed_later(decision),
    )


def needed_for(scope: Scope, outcome: str) -> tuple[str, ...]:
    """Say, before anything is recommended, who will have to sign an outcome: an option a sentence.

    Raises:
        NotFound: for others than the DCC and the Panel.
    """
    if not (scope.is_dcc or scope.is_panel):
        raise NotFound("There is no such thing.")
    return tuple(
        " and ".join(f"{row.number} of {row.body} ({row.role.label.lower()})" for row in option)
        for option in requirement_options(outcome)
    )


def after_halt(scope: Scope, *, rollout_id: int) -> AfterHalt:
    """Count the hubs that activated after a halt, and those a halt could not recall.

    Of a Supplier's own hubs alone, of everybody's for the others.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
    """
    rollout = visible_rollout(scope, rollout_id)
    party = scope.organisation_id if scope.is_supplier else None
    row = sql.fetch_one("rollouts", "after_halt", rollout_id=rollout.pk, party_id=party)
    return AfterHalt(row.activated, row.not_recalled, row.being_recalled, row.recalled)


def halt_rules(scope: Scope, *, rollout_id: int, now: datetime) -> list[RuleLine]:
    """Return the halt rules of a rollout with what each sees now; for the DCC and the Panel.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
    """
    rollout = _of_boards(scope, rollout_id)
    lines = []
    for rule in HaltRule.objects.filter(rollout=rollout).select_related("batch").order_by("id"):
        sight = read_halt_rule(rule, now=now)
        lines.append(RuleLine(rule, sight.decisive(rule), sight.everything, sight.since, sight.is_over(rule)))
    return lines


def halt_trips(scope: Scope, *, rollout_id: int) -> list[Trip]:
    """Return the times halt rules tripped, the newest first; for the DCC and the Panel.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
    """
    rollout = _of_boards(scope, rollout_id)
    trips = HaltTrip.objects.filter(rollout=rollout).select_related("rule").order_by("-id")
    return [Trip(trip.at, trip.rule.name, trip.suspended, trip.evidence) for trip in trips]


def _of_boards(scope: Scope, rollout_id: int) -> Any:
    if not (scope.is_dcc or scope.is_panel):
        raise NotFound("There is no such rollout.")
    return visible_rollout(scope, rollout_id)


def _may_sign(scope: Scope, decision: Decision) -> bool:
    if decision.status != DecisionStatus.RECOMMENDED or scope.user_id is None or scope.client_id:
        return False
    has_signed = SignOff.objects.filter(
        decision=decision, version=decision.version, user_id=scope.user_id
    ).exists()
    is_by_system = decision.recommended_by_id is None and scope.is_dcc
    if has_signed or is_by_system or decision.recommended_by_id == scope.user_id:
        return False
    is_needed = standing_of(decision).role_needed(scope.organisation_id, scope.roles) is not None
    return is_needed and not reason_not_to_count(decision, scope.user_id)


def _line(decision: Decision) -> DecisionLine:
    return DecisionLine(
        id=decision.pk,
        kind=DecisionKind(decision.kind),
        rollout_id=decision.rollout_id,
        rollout_name=decision.rollout.name if decision.rollout else "",
        status=DecisionStatus(decision.status),
        outcome=ReviewOutcome(decision.outcome) if decision.outcome else None,
        reasons=decision.reasons,
        automatic_at=decision.automatic_at,
        goes_on=decision.goes_on,
        opened_at=decision.opened_at,
        recommended_at=decision.recommended_at,
        decided_at=decision.decided_at,
    )


def _signatures(decision: Decision) -> tuple[DecisionSignature, ...]:
    bodies = dict(Organisation.objects.values_list("pk", "name"))
    return tuple(
        DecisionSignature(
            name=each.name,
            body=bodies.get(each.organisation_id, ""),
            verdict=SignOffVerdict(each.verdict),
            comment=each.comment,
            at=each.at,
            version=each.version,
            is_void=each.voided_at is not None,
        )
        for each in decision.sign_offs.order_by("id")
    )
