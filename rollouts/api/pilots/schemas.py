"""Pilots: nominations, their hubs, and how they go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypedDict

from portal.kernel.references import reference_of
from portal.rest.references import Reference
from portal.rest.schemas import AllowedNames, Count, Example, GuidText
from rollouts.api.enums import (
    HubsByReason,
    HubsByState,
    Id,
    ReasonName,
    RegionName,
    RoleName,
    StateName,
    Version,
    named,
    reason_of,
)
from rollouts.api.instructions.schemas import NotReadSchema, not_read
from rollouts.queries.pilots.pilots import PilotHub, PilotProgress, Submission
from rollouts.services import Confirmation, Nomination
from rollouts.states import RejectionReason

SUBMISSION_STATUSES: Final = (
    "SUBMITTED",
    "CONFIRMED",
    "DECLINED",
    "WITHDRAWN",
    "PROPOSED",
    "ACCEPTED",
    "REFUSED",
)
_BREAKDOWN = {"region": {"NORTH": 60, "SOUTH": 40}}


class PilotSchema(TypedDict):
    """How a pilot goes, over your own hubs."""

    rollout_id: Id
    hubs: Count
    activated: Count
    failed: Count
    states: HubsByState
    failures: HubsByReason
    states_by_region: Annotated[dict[str, dict[str, int]], Example({"NORTH": {"ACTIVATED": 60}})]
    states_by_version: Annotated[dict[str, dict[str, int]], Example({"0C220000": {"ACTIVATED": 60}})]


class PilotHubRowSchema(TypedDict):
    """A hub of the pilot with its outcome."""

    guid: GuidText
    region: RegionName
    firmware_version: Version
    role: RoleName
    has_second_supplier: bool
    has_answered: bool
    second_has_answered: bool | None
    state: StateName
    reason: ReasonName
    state_at: datetime
    effective_at: datetime


class RefusedHubSchema(TypedDict):
    """A line of a nomination that could not be taken."""

    line: Annotated[int, Example(3)]
    raw: Annotated[str, Example("00-DB-12-34-56-78-9A-BC")]
    reason: Annotated[str, AllowedNames(RejectionReason)]
    detail: Annotated[str, Example("")]
    sheet: Annotated[str, Example("")]


class PilotSubmissionSchema(TypedDict):
    """A nomination of hubs for the pilot, or what DCC proposes to you (PROPOSED, until you answer)."""

    id: Reference
    supplier: Annotated[str, Example("Brightwater Energy"), "Told to the DCC, and to the Supplier itself."]
    rule: Annotated[str, Example("Spread over regions")]
    submitted_at: datetime
    activate_at: datetime | None
    status: Annotated[str, AllowedNames(SUBMISSION_STATUSES)]
    comment: str
    hubs: Count
    score: Annotated[float | None, "How well these hubs stand for all of yours; 1 is perfectly."]
    breakdown: Annotated[dict[str, Any], Example({"chosen": _BREAKDOWN, "eligible": _BREAKDOWN})]
    rejected: list[RefusedHubSchema]
    not_read: list[NotReadSchema]


class NominatedSchema(TypedDict):
    """The receipt of a nomination."""

    id: Reference
    hubs: Count
    score: float
    rejected: list[RefusedHubSchema]
    not_read: list[NotReadSchema]


class ConfirmedSchema(TypedDict):
    """The result of confirming nominations."""

    joined: Count
    dropped: Annotated[Count, "Nominated, and not to be had any more."]
    in_pilot: Count
    cap: Count


def pilot(rollout_id: int, progress: PilotProgress) -> PilotSchema:
    """Return how a pilot goes."""
    return {
        "rollout_id": rollout_id,
        "hubs": progress.hubs,
        "activated": progress.activated,
        "failed": progress.failed,
        "states": named(progress.states),
        "failures": named(progress.failures),
        "states_by_region": {region.name: named(states) for region, states in progress.by_region.items()},
        "states_by_version": {version: named(states) for version, states in progress.by_version.items()},
    }


def pilot_hub(hub: PilotHub) -> PilotHubRowSchema:
    """Return a hub of the pilot."""
    return {
        "guid": hub.guid,
        "region": hub.region.name,
        "firmware_version": hub.version,
        "role": hub.role,
        "has_second_supplier": hub.has_second_supplier,
        "has_answered": hub.has_answered,
        "second_has_answered": hub.second_has_answered,
        "state": hub.state.name,
        "reason": reason_of(hub.code),
        "state_at": hub.state_at,
        "effective_at": hub.effective_at,
    }


def submission(row: Submission) -> PilotSubmissionSchema:
    """Return a nomination."""
    return {
        "id": reference_of(row.id, "submission"),
        "supplier": row.supplier,
        "rule": row.rule,
        "submitted_at": row.submitted_at,
        "activate_at": row.activate_at,
        "status": row.status,
        "comment": row.comment,
        "hubs": row.hubs,
        "score": row.score,
        "breakdown": dict(row.breakdown),
        "rejected": [_refused(line) for line in row.rejected],
        "not_read": not_read(row.not_read),
    }


def nominated(done: Nomination) -> NominatedSchema:
    """Return the receipt of a nomination."""
    return {
        "id": reference_of(done.submission_id, "submission"),
        "hubs": done.hubs,
        "score": done.score,
        "rejected": [_refused(line) for line in done.rejected],
        "not_read": not_read(done.not_read),
    }


def confirmed(done: Confirmation) -> ConfirmedSchema:
    """Return the result of confirming."""
    return {"joined": done.joined, "dropped": done.dropped, "in_pilot": done.in_pilot, "cap": done.cap}


def _refused(line: Mapping[str, Any]) -> RefusedHubSchema:
    return {
        "line": line["line"],
        "raw": line["raw"],
        "reason": line["reason"],
        "sheet": line.get("sheet", ""),
        "detail": line.get("detail", ""),
    }
