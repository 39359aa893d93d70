"""The hubs of one rollout, one by one: as the report of eligible hubs, and with where each of them stands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, TypedDict

from portal.rest.schemas import AllowedNames, GuidText
from rollouts.api.enums import (
    AnswerName,
    ConsentName,
    Id,
    ReasonName,
    RegionName,
    RoleName,
    StateName,
    Version,
    reason_of,
)
from rollouts.queries.rollouts.eligibility import EligibleHub
from rollouts.queries.rollouts.members import ROLES, Member
from rollouts.states import Answer

_ROLES: Final = dict(zip(ROLES.values(), ("IMPORT", "GAS", "BOTH"), strict=True))


class EligibleHubRowSchema(TypedDict):
    """One of a Supplier's hubs that a rollout is for."""

    guid: GuidText
    role: RoleName
    has_second_supplier: Annotated[bool, "There is one; who it is, nobody is told."]
    region: RegionName
    firmware_version: Annotated[Version, "What it ran when the notice was published."]
    answer: AnswerName
    requested_at: Annotated[datetime | None, "The time you asked for; none: no preference, or no answer."]
    second_has_answered: Annotated[bool | None, "None: there is no second Supplier."]
    effective_at: Annotated[datetime, "When it activates if nobody does anything more."]
    consent: ConsentName
    state: StateName
    reason: ReasonName


class RolloutHubRowSchema(TypedDict):
    """A hub's place in a rollout."""

    guid: GuidText
    batch_id: Id
    region: RegionName
    state: StateName
    reason: ReasonName
    consent: ConsentName
    attempts: int
    effective_at: datetime
    state_at: datetime
    activated_after_halt: bool
    role: RoleName
    has_second_supplier: bool
    answer: Annotated[str | None, AllowedNames(Answer), "Yours; none where you have no role for the hub."]
    second_has_answered: bool | None


def eligible_hub(hub: EligibleHub) -> EligibleHubRowSchema:
    """Return a hub of the report."""
    return {
        "guid": hub.guid,
        "role": hub.role,
        "has_second_supplier": hub.has_second_supplier,
        "region": hub.region.name,
        "firmware_version": hub.version,
        "answer": hub.answer.name,
        "requested_at": hub.requested_at,
        "second_has_answered": hub.second_has_answered,
        "effective_at": hub.effective_at,
        "consent": hub.consent.name,
        "state": hub.state.name,
        "reason": reason_of(hub.code),
    }


def rollout_hub(member: Member) -> RolloutHubRowSchema:
    """Return a hub's place."""
    is_own = bool(member.role)
    return {
        "guid": member.guid,
        "batch_id": member.batch_id,
        "region": member.region.name,
        "state": member.state.name,
        "reason": reason_of(member.code),
        "consent": member.consent.name,
        "attempts": member.attempts,
        "effective_at": member.effective_at,
        "state_at": member.state_at,
        "activated_after_halt": member.activated_after_halt,
        "role": _ROLES[member.role] if is_own else "",
        "has_second_supplier": member.is_split,
        "answer": member.mine.name if is_own else None,
        "second_has_answered": bool(member.second) if is_own and member.is_split else None,
    }
