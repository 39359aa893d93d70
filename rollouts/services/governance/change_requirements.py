"""Who must sign: the requirement is data, and changing it takes signatures too (R5.3, R6.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.roles import MAY_CONFIRM, MAY_OPERATE, SIGNING_ROLES
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotPermitted
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from rollouts.models import Decision, SignOff, SignOffRequirement
from rollouts.reads.governance.signing import WITHDRAWN, body_that_proposed, standing_of
from rollouts.states import ReviewOutcome
from rollouts.states.governing import DecisionKind, DecisionStatus


@unit_of_work
def propose_requirements(
    scope: Scope, *, rows: Sequence[Mapping[str, Any]], reasons: str, now: datetime
) -> Decision:
    """Propose who must sign: rows of option, organisation, role, number, and outcomes (all if none).

    It is signed as a decision is, by what is in force and by what it would put into force.

    Raises:
        NotPermitted: for the DCC's operators and the Panel, in person.
        BadInput: no reasons, a row makes no sense, or asks for more people than there are.
    """
    scope.check(*MAY_OPERATE, *MAY_CONFIRM)
    if scope.user_id is None:
        raise NotPermitted("A person proposes who must sign; a system cannot.")
    if not reasons.strip():
        raise BadInput("Give the reasons: they are written down.")
    if not rows:
        raise BadInput("Somebody must sign.")
    decision = Decision.objects.create(
        kind=DecisionKind.REQUIREMENTS,
        status=DecisionStatus.RECOMMENDED,
        version=2,
        proposal={"rows": [_checked(row) for row in rows]},
        reasons=reasons.strip(),
        opened_at=now,
        opened_by_id=scope.user_id,
        recommended_at=now,
        recommended_by_id=scope.user_id,
    )
    facts = {"proposal": decision.proposal, "reason": decision.reasons}
    journal.record("requirement.proposed", subject=f"decision:{decision.pk}", by=scope, at=now, facts=facts)
    journal.publish_entries(
        EntryKind.DECISION_RECOMMENDED,
        parties=_boards(),
        at=now,
        data={
            "name": "Who must sign",
            "decision": decision.pk,
            "version": decision.version,
            "reason": decision.reasons,
            "still_needed": list(standing_of(decision).still_needed),
        },
    )
    return decision


@inside_unit_of_work
def withdraw_proposal(scope: Scope, decision: Decision, *, why: str, now: datetime) -> None:
    """Close a proposal that is not in force yet: its signatures are void, and both boards are told why.

    Raises:
        NotPermitted: for others than people of the body that proposed it.
    """
    if scope.user_id is None or body_that_proposed(decision) != scope.organisation_id:
        raise NotPermitted("Only people of the body that proposed a change take it back.")
    SignOff.objects.filter(decision=decision, voided_at=None).update(voided_at=now)
    decision.status, decision.decided_at, decision.finished_at = DecisionStatus.REJECTED, now, now
    decision.effects = {WITHDRAWN: why}
    decision.save(update_fields=["status", "decided_at", "finished_at", "effects"])
    facts = {"proposal": decision.proposal, "reason": why}
    journal.record("requirement.withdrawn", subject=f"decision:{decision.pk}", by=scope, at=now, facts=facts)
    notice = {
        "name": "Who must sign",
        "decision": decision.pk,
        "status": decision.status,
        "reason": f"Withdrawn: {why}",
    }
    journal.publish_entries(EntryKind.DECISION_MADE, parties=_boards(), at=now, data=notice)


@inside_unit_of_work
def put_requirements(scope: Scope, decision: Decision, *, now: datetime) -> None:
    """Put the proposed rows into force in place of those there are."""
    SignOffRequirement.objects.filter(in_force_until=None).update(in_force_until=now)
    rows = decision.proposal["rows"]
    SignOffRequirement.objects.bulk_create(
        SignOffRequirement(
            option=row["option"],
            organisation_id=row["organisation"],
            role=row["role"],
            number=row["number"],
            outcomes=row["outcomes"],
            in_force_from=now,
            decision=decision,
        )
        for row in rows
    )
    decision.effects = {"rows": rows}
    journal.record(
        "requirement.changed", subject=f"decision:{decision.pk}", by=scope, at=now, facts={"rows": rows}
    )


def _boards() -> list[int]:
    boards = Organisation.objects.filter(kind__in=[OrganisationKind.DCC, OrganisationKind.PANEL])
    return list(boards.values_list("pk", flat=True))


def _checked(row: Mapping[str, Any]) -> dict[str, Any]:
    organisation = Organisation.objects.filter(pk=row.get("organisation") or 0, is_active=True).first()
    role, number = row.get("role"), row.get("number")
    outcomes = list(row.get("outcomes") or [])
    if organisation is None or role not in SIGNING_ROLES:
        raise BadInput("Name the body and the role of those who sign.")
    if not isinstance(number, int) or number < 1:
        raise BadInput("Say how many must sign: at least one.")
    if set(outcomes) - set(ReviewOutcome.values):
        raise BadInput(f"Choose outcomes from {', '.join(ReviewOutcome.values)}.")
    holders = User.objects.filter(organisation=organisation, is_active=True, roles__contains=[role]).count()
    if holders < number:
        raise BadInput(f"{organisation.name} has {holders} with this role, so {number} can never sign.")
    return {
        "option": int(row.get("option") or 1),
        "organisation": organisation.pk,
        "role": role,
        "number": number,
        "outcomes": outcomes,
    }
