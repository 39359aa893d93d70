"""Decisions whole, rates, and what happened after a halt."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypedDict

from portal.rest.schemas import AllowedNames, Count, Example
from rollouts.api.enums import Id
from rollouts.api.governance.schemas import DecisionSchema, decision
from rollouts.api.rollouts.operation_schemas import HaltedSchema, halted
from rollouts.queries.governance.decisions import AfterHalt, DecisionPage, DecisionSignature
from rollouts.rules.rates import Rate
from rollouts.services import Signed
from rollouts.states.governing import DecisionStatus, SignOffVerdict


class RateSchema(TypedDict):
    """A share of a sample, with its Wilson interval at 95 %."""

    hits: Count
    sample: Count
    share: Annotated[float | None, "None of an empty sample.", Example(0.012)]
    lower: Annotated[float, Example(0.009)]
    upper: Annotated[float, Example(0.016)]


class SignatureSchema(TypedDict):
    """One person's signature on one version of a recommendation."""

    name: Annotated[str, Example("Priya Shah")]
    body: Annotated[str, Example("SEC Panel")]
    verdict: Annotated[str, AllowedNames(SignOffVerdict)]
    comment: str
    at: datetime
    version: Annotated[int, Example(2), "The wording it is about."]
    is_void: Annotated[bool, "The wording has changed since."]


class DecisionDetailSchema(DecisionSchema):
    """A decision with its evidence and its signatures, for the DCC and the Panel."""

    version: Annotated[int, Example(2), "The wording: name it when you act on what you read."]
    because: str
    recommended_by: str
    evidence: Annotated[dict[str, Any], "The figures as they stood when it was recommended."]
    effects: Annotated[dict[str, Any], "What enacting it came to."]
    proposal: Annotated[dict[str, Any], "Of a change of who must sign: what is proposed."]
    signatures: list[SignatureSchema]
    still_needed: Annotated[list[str], Example(["2 of SEC Panel (panel member)"])]
    may_recommend: bool
    may_sign: bool
    is_finished: bool
    instructed_later: Annotated[
        int, Example(0), "Hubs whose instructed time would become the date that is to be brought forward to."
    ]


class SignedSchema(TypedDict):
    """What a signature led to."""

    decision_id: Id
    status: Annotated[str, AllowedNames(DecisionStatus)]
    version: Annotated[int, Example(2)]
    still_needed: list[str]
    halted: HaltedSchema | None


class SignaturesNeededSchema(TypedDict):
    """Who will have to sign an outcome: one of the options suffices."""

    outcome: Annotated[str, Example("STOP")]
    options: Annotated[list[str], Example(["2 of SEC Panel (panel member)"])]


class AfterHaltSchema(TypedDict):
    """Hubs that activated after a halt, and those a halt could not recall."""

    activated_after_halt: Count
    not_recalled: Count
    being_recalled: Count
    recalled: Count


def rate(rate_: Rate) -> RateSchema:
    """Return a share of a sample."""
    document: RateSchema = rate_.document()  # type: ignore[assignment]
    return document


def decision_detail(page: DecisionPage) -> DecisionDetailSchema:
    """Return a decision whole."""
    return {
        **decision(page.line),
        "version": page.version,
        "because": page.because,
        "recommended_by": page.recommended_by,
        "evidence": dict(page.evidence),
        "effects": dict(page.effects),
        "proposal": dict(page.proposal),
        "signatures": [_signature(each) for each in page.signatures],
        "still_needed": list(page.still_needed),
        "may_recommend": page.may_recommend,
        "may_sign": page.may_sign,
        "is_finished": page.is_finished,
        "instructed_later": page.instructed_later,
    }


def signed(done: Signed) -> SignedSchema:
    """Return what a signature led to."""
    return {
        "decision_id": done.decision_id,
        "status": done.status,
        "version": done.version,
        "still_needed": list(done.still_needed),
        "halted": None if done.halt is None else halted(done.halt),
    }


def after_halt(counts: AfterHalt) -> AfterHaltSchema:
    """Return what happened after a halt."""
    return {
        "activated_after_halt": counts.activated_after_halt,
        "not_recalled": counts.not_recalled,
        "being_recalled": counts.being_recalled,
        "recalled": counts.recalled,
    }


def _signature(each: DecisionSignature) -> SignatureSchema:
    return {
        "name": each.name,
        "body": each.body,
        "verdict": each.verdict.value,
        "comment": each.comment,
        "at": each.at,
        "version": each.version,
        "is_void": each.is_void,
    }
