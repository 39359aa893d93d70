"""How a rollout goes on: the open review, what is recommended, who has signed, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from rollouts.models import Decision, SignOff
from rollouts.reads.governance.instructed_later import count_instructed_later
from rollouts.reads.governance.signers import reason_not_to_count
from rollouts.reads.governance.signing import SignOffStanding, standing_of
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import OPEN_STATUSES, ReviewOutcome
from rollouts.states.governing import OPEN_DECISIONS, DecisionStatus, SignOffVerdict


@dataclass(frozen=True, slots=True)
class ReviewSignature:
    """One person's word on a wording."""

    name: str
    verdict: SignOffVerdict
    comment: str
    version: int
    at: datetime
    is_void: bool


@dataclass(frozen=True, slots=True)
class DecisionCard:
    """One decision as it stands, and what the viewer may do about it."""

    id: int
    status: DecisionStatus
    version: int
    because: str
    opened_at: datetime
    outcome: ReviewOutcome | None
    reasons: str
    automatic_at: datetime | None
    goes_on: bool
    figures: Mapping[str, Any]
    recommended_at: datetime | None
    decided_at: datetime | None
    effects: Mapping[str, Any]
    signatures: Sequence[ReviewSignature]
    still_needed: Sequence[str]
    may_recommend: bool
    may_sign: bool
    why_not_sign: str = ""
    """Why the viewer cannot sign what waits for signatures."""
    instructed_later: int = 0
    """Hubs instructed for later than the date that is to be brought forward to."""

    @property
    def is_open(self) -> bool:
        """Return whether it has still to be decided."""
        return self.status in OPEN_DECISIONS


@dataclass(frozen=True, slots=True)
class Reviews:
    """The decision that is open, earlier ones, and whether a review can be opened."""

    current: DecisionCard | None
    earlier: Sequence[DecisionCard]
    may_open: bool


def reviews(scope: Scope, *, rollout_id: int) -> Reviews:
    """Return the decisions of a rollout, for the DCC and the Panel.

    Raises:
        NotFound: there is no such rollout, or the organisation is neither.
    """
    if not (scope.is_dcc or scope.is_panel):
        raise NotFound("There is no such rollout.")
    rollout = visible_rollout(scope, rollout_id)
    decisions = Decision.objects.filter(rollout=rollout).order_by("-pk").prefetch_related("sign_offs")
    cards = [_card(scope, decision) for decision in decisions]
    current = next((card for card in cards if card.is_open), None)
    return Reviews(
        current=current,
        earlier=[card for card in cards if not card.is_open],
        may_open=current is None and rollout.status in OPEN_STATUSES and scope.has(*MAY_OPERATE),
    )


def _card(scope: Scope, decision: Decision) -> DecisionCard:
    is_recommended = decision.status == DecisionStatus.RECOMMENDED
    standing = standing_of(decision) if is_recommended else None
    why_not_sign = _why_not_sign(scope, decision, standing) if standing is not None else ""
    return DecisionCard(
        id=decision.pk,
        status=DecisionStatus(decision.status),
        version=decision.version,
        because=decision.because,
        opened_at=decision.opened_at,
        outcome=ReviewOutcome(decision.outcome) if decision.outcome else None,
        reasons=decision.reasons,
        automatic_at=decision.automatic_at,
        goes_on=decision.goes_on,
        figures=decision.evidence,
        recommended_at=decision.recommended_at,
        decided_at=decision.decided_at,
        effects=decision.effects,
        signatures=[_signature(sign_off) for sign_off in decision.sign_offs.all()],
        still_needed=standing.still_needed if standing else (),
        may_recommend=decision.status in OPEN_DECISIONS and scope.has(*MAY_OPERATE),
        may_sign=standing is not None and not why_not_sign,
        why_not_sign=why_not_sign,
        instructed_later=count_instructed_later(decision),
    )


def _why_not_sign(scope: Scope, decision: Decision, standing: SignOffStanding) -> str:
    if any(
        sign_off.user_id == scope.user_id and sign_off.version == decision.version
        for sign_off in decision.sign_offs.all()
    ):
        return "You have signed this version."
    if not standing.may_sign(scope.organisation_id, scope.roles):
        return "Your role does not sign this outcome. “Still needed” says whose signature counts."
    if (decision.recommended_by_id is None and scope.is_dcc) or scope.user_id == decision.recommended_by_id:
        return "You recommended this: somebody else has to sign it."
    if scope.user_id is None:
        return "People sign, systems do not."
    return reason_not_to_count(decision, scope.user_id)


def _signature(sign_off: SignOff) -> ReviewSignature:
    return ReviewSignature(
        name=sign_off.name,
        verdict=SignOffVerdict(sign_off.verdict),
        comment=sign_off.comment,
        version=sign_off.version,
        at=sign_off.at,
        is_void=sign_off.voided_at is not None,
    )
