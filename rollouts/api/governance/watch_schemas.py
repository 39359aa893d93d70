"""Halt rules and what they see, phases and their gates, the triage board, known issues."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypedDict

from portal.rest.schemas import AllowedNames, Component, Count, Example
from rollouts.api.enums import Id
from rollouts.api.governance.decision_schemas import RateSchema, rate
from rollouts.models import HaltRule, KnownIssue
from rollouts.queries.governance.decisions import RuleLine, Trip
from rollouts.queries.governance.triage import Comparison, RateComparison, TriageGroup
from rollouts.queries.rollouts.phases import Phase
from rollouts.states import BatchKind, FailureCode
from rollouts.states.governing import HaltRuleKind

Failures = Annotated[list[str], AllowedNames(FailureCode), "Failures by name."]
Share = Annotated[float, Example(0.98)]


class HaltRuleTermsSchema(TypedDict):
    """When a rollout, or one of its batches, is suspended by itself."""

    id: Id
    name: Annotated[str, Example("More than 2 % fail")]
    kind: Annotated[str, AllowedNames(HaltRuleKind)]
    failure_codes: Failures
    batch_id: Annotated[int | None, "None for the whole rollout."]
    minimum_sample: Count
    lookback_hours: Annotated[float, Example(24.0)]
    threshold: Annotated[float, "A share: the lower Wilson bound must be above it.", Example(0.02)]
    counts_known: Annotated[bool, "Do failures that known issues explain count too?"]
    is_active: bool


class HaltRuleSchema(HaltRuleTermsSchema):
    """A halt rule, and what it sees at this moment."""

    since: datetime
    rate: RateSchema
    with_known: Annotated[RateSchema, "With the failures that known issues explain."]
    is_over: bool


class HaltTripSchema(TypedDict):
    """That a halt rule tripped."""

    at: datetime
    name: Annotated[str, Example("More than 2 % fail")]
    suspended: Annotated[bool, "It took the step; else the rollout stood already."]
    evidence: dict[str, Any]


class GateSchema(TypedDict):
    """What the batch before must have come to."""

    success: Share
    settled: Share
    minimum: Count
    soak_hours: Annotated[float, Example(72.0)]
    reached_at: datetime | None


class PhaseSchema(TypedDict):
    """One batch with its gate, and what the batch before it has come to."""

    id: Id
    name: Annotated[str, Example("North first")]
    kind: Annotated[str, AllowedNames(BatchKind)]
    automatic_at: datetime | None
    is_open: bool
    is_by_hand: bool
    gate: GateSchema | None
    hubs: Count
    activated: Count
    settled: Count
    before: Annotated[str, "The name of the batch before, empty for the first."]
    success: Annotated[RateSchema, "Of the settled hubs of the batch before."]
    is_reached: bool
    opens_at: datetime | None


class TriageRowSchema(TypedDict):
    """A group of the triage board."""

    key: Annotated[int, Example(2)]
    label: Annotated[str, Example("Central")]
    hubs: Count
    upgraded: Count
    failed: Count
    failures: RateSchema
    unexplained: Annotated[RateSchema, "Without those that known issues explain."]
    incidents: Count
    hubs_in_incidents: Count
    incident_rate: RateSchema
    han_rate: RateSchema
    baseline: Annotated[RateSchema, "Of the hubs not yet upgraded, those named all the same."]


class MeasureSchema(TypedDict):
    """One measure for upgraded hubs, and for hubs of the same model that are not."""

    name: Annotated[str, Example("incidents")]
    upgraded: RateSchema
    not_upgraded: RateSchema
    is_apart: Annotated[bool, "The two intervals do not meet."]


class ComparisonSchema(TypedDict):
    """Upgraded hubs against hubs of the same model that are not."""

    rollout_id: Id
    measures: list[MeasureSchema]
    failures: RateSchema
    unexplained: RateSchema


class KnownIssueSchema(TypedDict):
    """A known issue: failures it explains are counted separately."""

    id: Id
    title: Annotated[str, Example("Meters of type X before 2.1")]
    description: str
    failure_codes: Failures
    criteria: Annotated[dict[str, Any], Component("Criteria"), "Conditions on hubs, if any."]
    rollout_id: Annotated[int | None, "None for all rollouts."]
    is_active: bool
    version: Annotated[int, Example(1)]


def halt_rule(line: RuleLine) -> HaltRuleSchema:
    """Return a halt rule with what it sees."""
    return {
        **halt_terms(line.rule),
        "since": line.since,
        "rate": rate(line.rate),
        "with_known": rate(line.with_known),
        "is_over": line.is_over,
    }


def halt_terms(rule: HaltRule) -> HaltRuleTermsSchema:
    """Return the terms of a halt rule."""
    return {
        "id": rule.pk,
        "name": rule.name,
        "kind": rule.kind,
        "failure_codes": _named(rule.failure_codes),
        "batch_id": rule.batch_id,
        "minimum_sample": rule.minimum_sample,
        "lookback_hours": rule.lookback_hours,
        "threshold": rule.threshold,
        "counts_known": rule.counts_known,
        "is_active": rule.is_active,
    }


def halt_trip(trip: Trip) -> HaltTripSchema:
    """Return one trip of a halt rule."""
    return {"at": trip.at, "name": trip.name, "suspended": trip.suspended, "evidence": dict(trip.evidence)}


def phase(standing: Phase) -> PhaseSchema:
    """Return a phase."""
    gate: GateSchema | None = None
    if standing.gate is not None:
        gate = {
            "success": standing.gate.success,
            "settled": standing.gate.settled,
            "minimum": standing.gate.minimum,
            "soak_hours": standing.gate.soak.total_seconds() / 3600,
            "reached_at": standing.gate.reached_at,
        }
    return {
        "id": standing.id,
        "name": standing.name,
        "kind": standing.kind.value,
        "automatic_at": standing.automatic_at,
        "is_open": standing.is_open,
        "is_by_hand": standing.is_by_hand,
        "gate": gate,
        "hubs": standing.hubs,
        "activated": standing.activated,
        "settled": standing.settled,
        "before": standing.before,
        "success": rate(standing.success),
        "is_reached": standing.is_reached,
        "opens_at": standing.opens_at,
    }


def triage_row(group: TriageGroup) -> TriageRowSchema:
    """Return a group of the board."""
    return {
        "key": group.key,
        "label": group.label,
        "hubs": group.hubs,
        "upgraded": group.upgraded,
        "failed": group.failed,
        "failures": rate(group.failures),
        "unexplained": rate(group.unexplained),
        "incidents": group.incidents,
        "hubs_in_incidents": group.hubs_in_incidents,
        "incident_rate": rate(group.incident_rate),
        "han_rate": rate(group.han_rate),
        "baseline": rate(group.baseline),
    }


def comparison(compared: Comparison) -> ComparisonSchema:
    """Return a comparison."""
    return {
        "rollout_id": compared.rollout_id,
        "measures": [_measure(each) for each in compared.measures],
        "failures": rate(compared.failures),
        "unexplained": rate(compared.unexplained),
    }


def known_issue(issue: KnownIssue) -> KnownIssueSchema:
    """Return a known issue."""
    return {
        "id": issue.pk,
        "title": issue.title,
        "description": issue.description,
        "failure_codes": _named(issue.failure_codes),
        "criteria": issue.criteria,
        "rollout_id": issue.rollout_id,
        "is_active": issue.is_active,
        "version": issue.version,
    }


def _measure(each: RateComparison) -> MeasureSchema:
    return {
        "name": each.name,
        "upgraded": rate(each.upgraded),
        "not_upgraded": rate(each.not_upgraded),
        "is_apart": each.is_apart,
    }


def _named(codes: list[int]) -> list[str]:
    return [FailureCode(code).name for code in codes]
