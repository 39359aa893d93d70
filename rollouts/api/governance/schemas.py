"""Incidents and decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from portal.kernel.references import reference_of
from portal.rest.references import Reference
from portal.rest.schemas import AllowedNames, Count, Example, GuidText
from rollouts.api.enums import Id, ReasonName, reason_of
from rollouts.api.instructions.schemas import NotReadSchema, RejectionSchema, not_read, refused
from rollouts.queries.governance.decisions import DecisionLine
from rollouts.queries.governance.incidents import (
    Attached,
    IncidentHubLine,
    IncidentLine,
    IncidentPage,
    Remark,
)
from rollouts.services import Raised
from rollouts.states import Region, ReviewOutcome, TargetState
from rollouts.states.governing import (
    INCIDENT_STEPS,
    DecisionKind,
    DecisionStatus,
    HanImpact,
    IncidentStatus,
)

IncidentReference = Annotated[str, Example("INC-7K2M9QX4")]
RolloutName = Annotated[str, Example("Toshiba 0C230000")]


class IncidentRowSchema(TypedDict):
    """An incident in the list."""

    id: Reference
    reference: IncidentReference
    rollout_id: Id
    rollout_name: RolloutName
    raised_by: Annotated[str, Example("Brightwater Energy")]
    category: Annotated[int, Example(2), "From 1, the most severe, to 5."]
    title: Annotated[str, Example("IHDs lose their connection")]
    status: Annotated[str, AllowedNames(IncidentStatus)]
    han_impact: Annotated[str, AllowedNames(HanImpact)]
    is_high_priority: bool
    hubs: Count
    raised_at: datetime
    respond_by: datetime
    resolve_by: datetime
    responded_at: datetime | None
    resolved_at: datetime | None
    service_desk_reference: Annotated[str, Example("SD-4711")]


class IncidentRemarkSchema(TypedDict):
    """A comment on an incident."""

    at: datetime
    author: Annotated[str, Example("Alice")]
    by_dcc: bool
    is_internal: Annotated[bool, "For the DCC and the Panel alone."]
    text: Annotated[str, Example("We see the same in the South.")]


class IncidentFileSchema(TypedDict):
    """A file of an incident."""

    id: Reference
    file_name: Annotated[str, Example("ihd.log")]
    media_type: Annotated[str, Example("text/plain")]
    size: Count
    uploaded_at: datetime


class IncidentSchema(IncidentRowSchema):
    """An incident whole."""

    description: str
    han_devices: int
    batch_id: Annotated[int | None, Example(17)]
    merged_into: Annotated[str, Example(""), "The incident it is handled with."]
    stands: Annotated[
        str, AllowedNames(IncidentStatus), "Its status, or that of the incident it is handled with."
    ]
    known_issue: Annotated[str, Example("")]
    steps: Annotated[list[str], AllowedNames(INCIDENT_STEPS), "What you may do with it now."]
    comments: list[IncidentRemarkSchema]
    attachments: list[IncidentFileSchema]


class IncidentRaisedSchema(TypedDict):
    """An incident as it was taken."""

    id: Reference
    reference: IncidentReference
    hubs: Count
    respond_by: datetime
    resolve_by: datetime
    rejected: list[RejectionSchema]
    not_read: list[NotReadSchema]


class IncidentHubRowSchema(TypedDict):
    """A hub an incident names, and where it stands in the rollout."""

    guid: GuidText
    region: Annotated[str | None, AllowedNames(Region)]
    state: Annotated[str | None, AllowedNames(TargetState)]
    reason: ReasonName
    state_at: datetime | None


class DecisionSchema(TypedDict):
    """How a rollout continues; shown to Suppliers and CSPs once it is enacted."""

    id: Id
    kind: Annotated[str, AllowedNames(DecisionKind)]
    rollout_id: Annotated[int | None, Example(17)]
    rollout_name: RolloutName
    status: Annotated[str, AllowedNames(DecisionStatus)]
    outcome: Annotated[str | None, AllowedNames(ReviewOutcome)]
    reasons: Annotated[str, Example("The failures are of one meter model; others go on.")]
    automatic_at: Annotated[datetime | None, "Of a delay: the new automatic time."]
    goes_on: bool
    opened_at: datetime
    recommended_at: datetime | None
    decided_at: datetime | None


def incident_row(line: IncidentLine) -> IncidentRowSchema:
    """Return an incident of the list."""
    return {
        "id": reference_of(line.id, "incident"),
        "reference": line.reference,
        "rollout_id": line.rollout_id,
        "rollout_name": line.rollout_name,
        "raised_by": line.raised_by,
        "category": line.category,
        "title": line.title,
        "status": line.status.value,
        "han_impact": line.han_impact.value,
        "is_high_priority": line.is_high_priority,
        "hubs": line.hubs,
        "raised_at": line.raised_at,
        "respond_by": line.respond_by,
        "resolve_by": line.resolve_by,
        "responded_at": line.responded_at,
        "resolved_at": line.resolved_at,
        "service_desk_reference": line.service_desk_reference,
    }


def incident(page: IncidentPage) -> IncidentSchema:
    """Return an incident whole."""
    return {
        **incident_row(page.line),
        "description": page.description,
        "han_devices": page.han_devices,
        "batch_id": page.batch_id,
        "merged_into": page.merged_into,
        "stands": page.stands.value,
        "known_issue": page.known_issue,
        "steps": [step.verb for step in page.steps],
        "comments": [_remark(remark) for remark in page.comments],
        "attachments": [_file(attached) for attached in page.attachments],
    }


def raised(done: Raised) -> IncidentRaisedSchema:
    """Return an incident as it was taken."""
    return {
        "id": reference_of(done.incident_id, "incident"),
        "reference": done.reference,
        "hubs": done.hubs,
        "respond_by": done.respond_by,
        "resolve_by": done.resolve_by,
        "rejected": [refused(line) for line in done.rejected],
        "not_read": not_read(done.not_read),
    }


def incident_hub(hub: IncidentHubLine) -> IncidentHubRowSchema:
    """Return a hub of an incident."""
    return {
        "guid": hub.guid,
        "region": None if hub.region is None else hub.region.name,
        "state": None if hub.state is None else hub.state.name,
        "reason": reason_of(hub.code),
        "state_at": hub.state_at,
    }


def decision(line: DecisionLine) -> DecisionSchema:
    """Return a decision."""
    return {
        "id": line.id,
        "kind": line.kind.value,
        "rollout_id": line.rollout_id,
        "rollout_name": line.rollout_name,
        "status": line.status.value,
        "outcome": None if line.outcome is None else line.outcome.value,
        "reasons": line.reasons,
        "automatic_at": line.automatic_at,
        "goes_on": line.goes_on,
        "opened_at": line.opened_at,
        "recommended_at": line.recommended_at,
        "decided_at": line.decided_at,
    }


def _remark(remark: Remark) -> IncidentRemarkSchema:
    return {
        "at": remark.at,
        "author": remark.author,
        "by_dcc": remark.by_dcc,
        "is_internal": remark.is_internal,
        "text": remark.text,
    }


def _file(attached: Attached) -> IncidentFileSchema:
    return {
        "id": reference_of(attached.id, "incident_file"),
        "file_name": attached.file_name,
        "media_type": attached.media_type,
        "size": attached.size,
        "uploaded_at": attached.uploaded_at,
    }
