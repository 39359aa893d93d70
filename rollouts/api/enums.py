"""Enumerations shared by many schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from portal.rest.schemas import AllowedNames, Count, Example
from rollouts.states import (
    Answer,
    Consent,
    ConsentPolicy,
    FailureCode,
    Priority,
    Region,
    ReleaseKind,
    RolloutStatus,
    Severity,
    TargetState,
)

Id = Annotated[int, Example(17)]
Version = Annotated[str, Example("0C230000"), "Firmware version, as on the Central Products List."]
RegionName = Annotated[str, AllowedNames(Region), "The region of the CSP that serves the hub."]
StateName = Annotated[str, AllowedNames(TargetState), "How far the hub has come."]
ReasonName = Annotated[
    str | None, AllowedNames(FailureCode), "Why it failed, is tried again, or was withdrawn."
]
ConsentName = Annotated[
    str, AllowedNames(Consent), "Whether the time is settled, and whose answer is awaited."
]
AnswerName = Annotated[str, AllowedNames(Answer), "What you have answered."]
StatusName = Annotated[str, AllowedNames(RolloutStatus)]
KindName = Annotated[str, AllowedNames(ReleaseKind)]
SeverityName = Annotated[str, AllowedNames(Severity)]
PriorityName = Annotated[str, AllowedNames(Priority)]
PolicyName = Annotated[str, AllowedNames(ConsentPolicy), "What the silence of a second Supplier means."]
RoleName = Annotated[
    str, AllowedNames(["IMPORT", "GAS", "BOTH", ""]), "Your role for the hub; empty where you have none."
]
HubsByState = Annotated[dict[str, int], AllowedNames(TargetState), "Hubs by state."]
HubsByReason = Annotated[dict[str, int], AllowedNames(FailureCode), "Hubs by reason."]
HubsByRegion = Annotated[dict[str, int], AllowedNames(Region), "Hubs by region."]
HubsByConsent = Annotated[dict[str, int], AllowedNames(Consent), "Hubs by consent."]
HubsByDay = Annotated[dict[str, int], Example({"2027-03-15": 3310}), "Hubs by day, in local time."]
HubsByRejection = Annotated[
    dict[str, int], Example({"UNKNOWN_DEVICE": 2}), "Lines that were not taken, by reason."
]
Hubs = Annotated[Count, "How many hubs."]


def named(counts: Mapping[Any, int]) -> dict[str, int]:
    """Spell the keys of a count by name, without those that are zero."""
    return {key.name: int(n) for key, n in counts.items() if n}


def reason_of(code: FailureCode) -> str | None:
    """Name a failure; None where there is none."""
    return code.name if code else None
