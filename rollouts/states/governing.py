"""The words and moves of incidents, halt rules and decisions (R5)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from django.db.models import TextChoices

from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE, Role


class IncidentStatus(TextChoices):
    """Where an incident stands."""

    RAISED = "RAISED", "Raised"
    ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"
    INVESTIGATING = "INVESTIGATING", "Under investigation"
    RESOLVED = "RESOLVED", "Resolved"
    CLOSED = "CLOSED", "Closed"
    MERGED = "MERGED", "Handled with another incident"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


class HanImpact(TextChoices):
    """What an incident means for the devices of the Home Area Network."""

    NONE = "NONE", "No device affected"
    SOME_DEVICES = "SOME_DEVICES", "Some devices lost"
    ALL_DEVICES = "ALL_DEVICES", "All devices lost"
    UNKNOWN = "UNKNOWN", "Not known yet"


class HubSource(TextChoices):
    """How the hubs of an incident were named."""

    LIST = "LIST", "Listed"
    RULE = "RULE", "Chosen by rule"
    BATCH = "BATCH", "A whole batch"
    NONE = "NONE", "No hub named"


class HaltRuleKind(TextChoices):
    """Which settled hubs a halt rule counts."""

    ANY = "ANY", "Any failure or silence"
    CODES = "CODES", "Particular failures"
    DISTRIBUTION = "DISTRIBUTION", "Distribution failed"
    VERIFICATION = "VERIFICATION", "Verification failed"
    ACTIVATION = "ACTIVATION", "Activation failed"
    NO_ANSWER = "NO_ANSWER", "No confirmation"
    INCIDENT = "INCIDENT", "Named in an incident"
    HAN_IMPACT = "HAN_IMPACT", "Named in an incident with devices lost"


class DecisionStatus(TextChoices):
    """Where a decision stands."""

    REVIEW = "REVIEW", "Under review by DCC"
    RECOMMENDED = "RECOMMENDED", "Awaiting confirmation"
    ENACTED = "ENACTED", "Confirmed and enacted"
    REJECTED = "REJECTED", "Rejected"
    OVERTAKEN = "OVERTAKEN", "Overtaken by the end of the rollout"


class DecisionKind(TextChoices):
    """What a decision is about."""

    ROLLOUT = "ROLLOUT", "How a rollout goes on"
    REQUIREMENTS = "REQUIREMENTS", "Who must sign"


class SignOffVerdict(TextChoices):
    """What somebody says of a recommendation."""

    APPROVE = "APPROVE", "Approve"
    REJECT = "REJECT", "Reject"


OPEN_DECISIONS: Final = frozenset({DecisionStatus.REVIEW, DecisionStatus.RECOMMENDED})
_I = IncidentStatus
OPEN_INCIDENTS: Final = frozenset({_I.RAISED, _I.ACKNOWLEDGED, _I.INVESTIGATING})
COUNTED_INCIDENTS: Final = OPEN_INCIDENTS | {_I.RESOLVED, _I.CLOSED, _I.MERGED}
"""An incident that was withdrawn counts for nothing; a merged one still names its hubs."""


@dataclass(frozen=True, slots=True)
class IncidentStep:
    """One row of the table of incident steps: who moves it from where to where."""

    verb: str
    label: str
    sources: AbstractSet[IncidentStatus]
    target: IncidentStatus
    roles: AbstractSet[Role]

    def is_open_to(self, *roles: Role, at: IncidentStatus) -> bool:
        """Return whether one of these roles may take the step from there."""
        return at in self.sources and not self.roles.isdisjoint(roles)


def _table(*steps: IncidentStep) -> dict[str, IncidentStep]:
    return {step.verb: step for step in steps}


# fmt: off
INCIDENT_STEPS: Final = _table(
    IncidentStep("acknowledge", "Acknowledge", {_I.RAISED}, _I.ACKNOWLEDGED, MAY_OPERATE),
    IncidentStep("investigate", "Investigate", {_I.RAISED, _I.ACKNOWLEDGED}, _I.INVESTIGATING, MAY_OPERATE),
    IncidentStep("resolve", "Resolve", OPEN_INCIDENTS, _I.RESOLVED, MAY_OPERATE),
    IncidentStep("reopen", "Not resolved", {_I.RESOLVED}, _I.INVESTIGATING, MAY_OPERATE | MAY_INSTRUCT),
    IncidentStep("close", "Close", {_I.RESOLVED}, _I.CLOSED, MAY_OPERATE | MAY_INSTRUCT),
    IncidentStep("withdraw", "Withdraw", OPEN_INCIDENTS, _I.WITHDRAWN, MAY_INSTRUCT),
    IncidentStep("merge", "Merge into another", OPEN_INCIDENTS, _I.MERGED, MAY_OPERATE),
)
# fmt: on

ALLOWED_INCIDENT_MOVES: Final = frozenset(
    (source, step.target) for step in INCIDENT_STEPS.values() for source in step.sources
)
_D = DecisionStatus
ALLOWED_DECISION_MOVES: Final = frozenset(
    {
        (_D.REVIEW, _D.RECOMMENDED),
        (_D.RECOMMENDED, _D.REVIEW),  # withdrawn, or the rollout was suspended meanwhile
        (_D.RECOMMENDED, _D.ENACTED),
        (_D.RECOMMENDED, _D.REJECTED),
        *((status, _D.OVERTAKEN) for status in OPEN_DECISIONS),
    }
)


def open_incident_steps(*roles: Role, at: IncidentStatus) -> tuple[IncidentStep, ...]:
    """Return the steps these roles may take now: the buttons to draw."""
    return tuple(step for step in INCIDENT_STEPS.values() if step.is_open_to(*roles, at=at))
