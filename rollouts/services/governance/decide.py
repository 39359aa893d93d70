"""How a rollout goes on: the DCC recommends, others sign, and the last signature enacts (R5.3, R5.4).

A suspension is one person's step; everything that lets hubs move again, and every lasting halt, comes through
here. The transaction that adds a signature verifies all of them, and enacts the recommendation if they
suffice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.roles import MAY_CONFIRM, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from rollouts import rules
from rollouts.models import Decision, Rollout, SignOff
from rollouts.reads.governance.evidence import figures_of
from rollouts.reads.governance.signers import reason_not_to_count
from rollouts.reads.governance.signing import SignOffStanding, standing_of
from rollouts.reads.rollouts.overdue import overdue_hubs
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.governance.change_requirements import withdraw_proposal
from rollouts.services.governance.enact import enact, verb_for
from rollouts.services.governance.halt import HaltReport, count_states, follow_up
from rollouts.services.governance.oversee import back_to_review
from rollouts.services.rollouts.step import StepRefused
from rollouts.states import (
    ENDED_STATUSES,
    HALTED_STATUSES,
    MOVING_OUTCOMES,
    OPEN_STATUSES,
    ReviewOutcome,
    RolloutStatus,
)
from rollouts.states.governing import OPEN_DECISIONS, DecisionStatus, SignOffVerdict


class DecisionClosed(Refusal):
    """The decision has been made, rejected or overtaken, or is not ready for this."""

    code = "decision_closed"


class RecommendationChanged(Refusal):
    """Somebody has changed the recommendation since it was read."""

    code = "recommendation_changed"


class SignOffNotNeeded(Refusal):
    """The signature is not among those needed, or was given."""

    code = "sign_off_not_needed"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature led to."""

    decision_id: int
    status: str
    version: int
    still_needed: tuple[str, ...]
    halt: HaltReport | None = None
    """What was held back and recalled, where the decision halted the rollout."""


@unit_of_work
def open_review(scope: Scope, *, rollout_id: int, because: str, now: datetime) -> Decision:
    """Begin a review of a rollout, running or halted; one that is open is returned as it is.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such rollout.
        StepRefused: the rollout has ended, or was never published.
        BadInput: no reason is given.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    if rollout.status not in OPEN_STATUSES:
        raise StepRefused("Only a rollout under way is reviewed.")
    existing = Decision.objects.filter(rollout=rollout, status__in=OPEN_DECISIONS).first()
    if existing is not None:
        return existing
    decision = Decision.objects.create(
        rollout=rollout, because=_required_text(because), opened_at=now, opened_by_id=scope.user_id
    )
    _record(scope, decision, "decision.review-opened", now=now, because=decision.because)
    return decision


@unit_of_work
def recommend(
    scope: Scope,
    *,
    decision_id: int,
    version: int,
    outcome: str,
    reasons: str,
    automatic_at: datetime | None = None,
    goes_on: bool = True,
    now: datetime,
) -> Decision:
    """Word the recommendation, or reword it: sign-offs of an earlier wording are void.

    `version` is the wording that was read. A delay, or bringing the date forward, names the new
    automatic time; `goes_on` says whether a rollout that stands resumes with it. The figures are kept as
    they stand now.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such decision.
        RecommendationChanged: somebody else has worded it meanwhile.
        DecisionClosed: it has been decided.
        BadInput, RuleBroken: outcome, reasons or date make no sense.
    """
    scope.check(*MAY_OPERATE)
    decision, rollout = _locked(scope, decision_id)
    _check_open(decision)
    _check_version(decision, version)
    if rollout is None:
        raise DecisionClosed("A change of who must sign is proposed anew, not reworded.")
    if outcome not in ReviewOutcome.values:
        raise BadInput(f"Choose the outcome from {', '.join(ReviewOutcome.values)}.")
    decision.outcome, decision.reasons = outcome, _required_text(reasons)
    decision.automatic_at = _checked_date(rollout, outcome, automatic_at, now=now)
    decision.goes_on = goes_on
    decision.evidence = figures_of(rollout)
    decision.recommended_at, decision.recommended_by_id = now, scope.user_id
    decision.status, decision.version = DecisionStatus.RECOMMENDED, decision.version + 1
    decision.save()
    SignOff.objects.filter(decision=decision, voided_at=None).update(voided_at=now)
    wording = _wording(decision)
    _record(scope, decision, "decision.recommended", now=now, **wording)
    _ask_for_signatures(rollout, wording, standing_of(decision), now=now)
    return decision


@unit_of_work
def withdraw_recommendation(
    scope: Scope, *, decision_id: int, version: int, why: str, now: datetime
) -> Decision:
    """Take a recommendation back to the review; sign-offs given so far are void.

    A proposed change of who must sign is closed by it, and only the body that proposed it takes it back.

    Raises:
        NotPermitted, NotFound, RecommendationChanged, DecisionClosed, BadInput: as for a recommendation.
    """
    scope.check(*MAY_OPERATE, *MAY_CONFIRM)
    decision, rollout = _locked(scope, decision_id)
    if rollout is not None:
        scope.check(*MAY_OPERATE)
    _check_recommended(decision)
    _check_version(decision, version)
    if rollout is None:
        withdraw_proposal(scope, decision, why=_required_text(why), now=now)
    else:
        back_to_review(scope, decision, why=_required_text(why), now=now)
    return decision


@outside_unit_of_work
def sign_off(
    scope: Scope, *, decision_id: int, version: int, verdict: str, comment: str = "", now: datetime
) -> Signed:
    """Approve or reject one wording; the signature that completes what is needed enacts it.

    A rejection by anybody whose signature counts rejects the recommendation; the rollout stays as it
    stands, and a halted one is reviewed again. Once a decision that halts has returned, nothing leaves.

    Raises:
        NotPermitted, NotFound: not a person whose signature counts; no such decision.
        RecommendationChanged: it was worded again: read it again.
        DecisionClosed: it has been decided, or nothing is recommended.
        SignOffNotNeeded: enough of this body have signed, or this person has.
        RuleBroken: the new date has passed.
    """
    rollout_id = Decision.objects.filter(pk=decision_id).values_list("rollout_id", flat=True).first()
    before = count_states(rollout_id) if rollout_id else {}
    decision, needed = _sign(
        scope, decision_id=decision_id, version=version, verdict=verdict, comment=comment, now=now
    )
    report = None
    rollout = decision.rollout
    is_halted = rollout is not None and rollout.status in HALTED_STATUSES | ENDED_STATUSES
    if rollout is not None and is_halted and decision.status == DecisionStatus.ENACTED:
        report = follow_up(rollout, before=before, now=now)
    return Signed(decision.pk, decision.status, decision.version, needed, report)


@unit_of_work
def _sign(
    scope: Scope, *, decision_id: int, version: int, verdict: str, comment: str, now: datetime
) -> tuple[Decision, tuple[str, ...]]:
    if verdict not in SignOffVerdict.values:
        raise BadInput("Approve or reject.")
    decision, rollout = _locked(scope, decision_id)
    _check_recommended(decision)
    _check_version(decision, version)
    role = _signing_role(scope, decision, standing_of(decision), verdict)
    if verdict == SignOffVerdict.REJECT:
        comment = _required_text(comment)
    SignOff.objects.create(
        decision=decision,
        version=decision.version,
        organisation_id=scope.organisation_id,
        user_id=scope.user_id or 0,
        name=scope.name,
        role=role,
        verdict=verdict,
        comment=comment.strip(),
        at=now,
    )
    vote = {"version": version, "verdict": verdict, "comment": comment.strip(), "role": role}
    _record(scope, decision, "decision.signed", now=now, **vote)
    if verdict == SignOffVerdict.REJECT:
        _reject(scope, decision, rollout, comment=comment, now=now)
        return decision, ()
    standing = standing_of(decision)
    if standing.is_confirmed:
        enact(scope, decision, rollout, now=now)
    return decision, standing.still_needed


def _signing_role(scope: Scope, decision: Decision, standing: SignOffStanding, verdict: str) -> str:
    if scope.user_id is None or scope.client_id is not None:
        raise NotPermitted("A person signs, in the portal; a system cannot.")
    if scope.user_id == decision.recommended_by_id:
        raise NotPermitted("Whoever recommends does not confirm.")
    if decision.recommended_by_id is None and scope.is_dcc:
        # Whoever holds the system could sign their own words.
        raise NotPermitted("A system of the DCC recommended this: word it in person before the DCC signs.")
    if not standing.may_sign(scope.organisation_id, scope.roles):
        raise NotPermitted("Your signature is not among those this decision needs.")
    has_signed = SignOff.objects.filter(
        decision=decision, version=decision.version, user_id=scope.user_id
    ).exists()
    role = standing.role_needed(scope.organisation_id, scope.roles)
    if has_signed or (role is None and verdict == SignOffVerdict.APPROVE):
        raise SignOffNotNeeded("You, or enough others of your body, have signed this already.")
    if why := reason_not_to_count(decision, scope.user_id):
        raise NotPermitted(why)
    return role or sorted(scope.roles)[0]


@inside_unit_of_work
def _reject(
    scope: Scope, decision: Decision, rollout: Rollout | None, *, comment: str, now: datetime
) -> None:
    decision.status, decision.decided_at, decision.finished_at = DecisionStatus.REJECTED, now, now
    decision.save(update_fields=["status", "decided_at", "finished_at"])
    _record(scope, decision, "decision.rejected", now=now, comment=comment)
    if rollout is None:
        return
    if rollout.status in HALTED_STATUSES:
        because = f"The recommendation was rejected: {comment.strip()}"
        Decision.objects.create(rollout=rollout, because=because, opened_at=now)
    journal.publish_entries(
        EntryKind.DECISION_MADE,
        parties=_boards(),
        rollout_id=rollout.pk,
        at=now,
        data={
            "name": rollout.name,
            "decision": decision.pk,
            "outcome": decision.outcome,
            "status": decision.status,
            "reason": f"Rejected: {comment.strip()}",
        },
    )


def _locked(scope: Scope, decision_id: int) -> tuple[Decision, Rollout | None]:
    """Hold the rollout's row, then the decision's: in this order, as everywhere.

    Of proposals who must sign all that are open: two signed at the same moment would each put their rows into
    force beside the other's.
    """
    unlocked = Decision.objects.filter(pk=decision_id).first()
    if unlocked is None or not (scope.is_dcc or scope.is_panel):
        raise NotFound("There is no such decision.")
    rollout = locked_rollout(scope, unlocked.rollout_id) if unlocked.rollout_id else None
    if rollout is None:
        open_ones = Decision.objects.filter(rollout=None, status__in=OPEN_DECISIONS).order_by("pk")
        list(open_ones.select_for_update(no_key=True))
    decision = Decision.objects.select_for_update(no_key=True).get(pk=decision_id)
    if rollout is not None:
        decision.rollout = rollout
    return decision, rollout


def _check_open(decision: Decision) -> None:
    if decision.status not in OPEN_DECISIONS:
        raise DecisionClosed(f"This is no longer open: {DecisionStatus(decision.status).label.lower()}.")


def _check_recommended(decision: Decision) -> None:
    _check_open(decision)
    if decision.status != DecisionStatus.RECOMMENDED:
        raise DecisionClosed("Nothing is recommended yet.")


def _check_version(decision: Decision, version: int) -> None:
    if decision.version != version:
        raise RecommendationChanged("The recommendation has changed since you read it. Read it again.")


def _checked_date(
    rollout: Rollout, outcome: str, automatic_at: datetime | None, *, now: datetime
) -> datetime | None:
    if outcome not in MOVING_OUTCOMES:
        if automatic_at is not None:
            raise BadInput("Only a delay, or bringing the date forward, has a new date.")
        return None
    if automatic_at is None:
        raise BadInput("Give the new automatic time.")
    is_delay = outcome == ReviewOutcome.DELAY
    rules.check_moved_at(automatic_at, before=rollout.automatic_at, is_delay=is_delay, now=now)
    return automatic_at


def _wording(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.pk,
        "version": decision.version,
        "outcome": decision.outcome,
        "reason": decision.reasons,
        "automatic_at": decision.automatic_at.isoformat() if decision.automatic_at else None,
        "goes_on": decision.goes_on,
    }


def _ask_for_signatures(
    rollout: Rollout, wording: dict[str, Any], standing: SignOffStanding, *, now: datetime
) -> None:
    journal.publish_entries(
        EntryKind.DECISION_RECOMMENDED,
        parties=_boards(),
        rollout_id=rollout.pk,
        at=now,
        data={
            "name": rollout.name,
            **wording,
            "still_needed": list(standing.still_needed),
            **_overdue(rollout, wording, now=now),
        },
    )


def _overdue(rollout: Rollout, wording: dict[str, Any], *, now: datetime) -> dict[str, int]:
    """Return how many hubs would go on at night, where the recommendation lets a rollout go on."""
    outcome = ReviewOutcome(wording["outcome"])
    verb = verb_for(outcome, RolloutStatus(rollout.status), goes_on=wording["goes_on"])
    if verb != "resume":
        return {}
    hubs = overdue_hubs(rollout.pk, are_moved=outcome in MOVING_OUTCOMES, now=now)
    return {"overdue": hubs.total}


def _boards() -> list[int]:
    boards = Organisation.objects.filter(kind__in=[OrganisationKind.DCC, OrganisationKind.PANEL])
    return list(boards.values_list("pk", flat=True))


def _record(scope: Scope, about: Decision, name: str, /, *, now: datetime, **facts: object) -> None:
    journal.record(
        name,
        subject=f"decision:{about.pk}",
        by=scope,
        at=now,
        facts={"rollout": about.rollout_id, **facts},
    )


def _required_text(text: str) -> str:
    if not text.strip():
        raise BadInput("Give a reason: everybody concerned will read it.")
    return text.strip()
