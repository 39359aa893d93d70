"""The rules decisions go by: who must sign, since when, by whose signatures, and what is proposed (R6.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.identity.models import User
from portal.identity.roles import MAY_CONFIRM, MAY_OPERATE, Role
from portal.identity.scope import Scope
from rollouts.models import Decision, SignOffRequirement
from rollouts.queries.governance.decisions import DecisionPage, decision_page
from rollouts.reads.governance.signing import (
    WITHDRAWN,
    SignOffRow,
    body_that_proposed,
    requirement_options,
    rows_of_proposal,
)
from rollouts.states import ReviewOutcome
from rollouts.states.governing import OPEN_DECISIONS, DecisionKind, DecisionStatus

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """So many holders of a role of one body, for some outcomes or for all."""

    option: int
    organisation_id: int | None
    body: str
    role: str
    role_value: str
    number: int
    outcomes: Sequence[str]


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A proposal to change who must sign: open, put into force, or not. Names are for the boards.

    `withdrawn` says why it was withdrawn, where it was.
    """

    id: int
    status: DecisionStatus
    rows: Sequence[RequirementRow]
    reasons: str
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    approved_by: Sequence[str]
    page: DecisionPage | None
    withdrawn: str
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class BusinessRules:
    """What is in force, since when, and every change, the latest first."""

    in_force: Sequence[RequirementRow]
    since: datetime | None
    changes: Sequence[RuleChange]


def business_rules(scope: Scope) -> BusinessRules:
    """Return who must sign a decision, and how that came about.

    Everybody sees what is in force and which bodies approved it; proposals, names and comments are for the
    DCC and the Panel.
    """
    sees_all = scope.is_dcc or scope.is_panel
    rows = list(
        SignOffRequirement.objects.filter(in_force_until=None)
        .select_related("organisation")
        .order_by("option", "id")
    )
    in_force = [
        _row(
            SignOffRow(
                each.option, each.organisation_id, each.organisation.name, Role(each.role), each.number
            ),
            each.outcomes,
        )
        for each in rows
    ] or [_row(row, ()) for option in requirement_options("") for row in option]
    proposals = Decision.objects.filter(kind=DecisionKind.REQUIREMENTS).order_by("-pk")
    if not sees_all:
        proposals = proposals.filter(status=DecisionStatus.ENACTED)
    decisions = list(proposals.prefetch_related("sign_offs")[:MOST_SHOWN])
    names = dict(
        User.objects.filter(pk__in=[each.recommended_by_id for each in decisions]).values_list("pk", "name")
    )
    return BusinessRules(
        in_force=in_force,
        since=min((row.in_force_from for row in rows), default=None),
        changes=[_change(scope, each, names, sees_all=sees_all) for each in decisions],
    )


def _change(scope: Scope, decision: Decision, names: dict[int, str], *, sees_all: bool) -> RuleChange:
    given = decision.proposal.get("rows", [])
    rows = [
        _row(row, each.get("outcomes") or ())
        for row, each in zip(rows_of_proposal(decision.proposal), given, strict=True)
    ]
    signed = [
        sign_off
        for sign_off in decision.sign_offs.all()
        if sign_off.voided_at is None and sign_off.verdict == "APPROVE"
    ]
    who = [sign_off.name if sees_all else Role(sign_off.role).label for sign_off in signed]
    is_open = decision.status in OPEN_DECISIONS
    return RuleChange(
        id=decision.pk,
        status=DecisionStatus(decision.status),
        rows=rows,
        reasons=decision.reasons,
        proposed_at=decision.opened_at,
        proposed_by=names.get(decision.recommended_by_id or 0, "") if sees_all else "",
        decided_at=decision.decided_at,
        approved_by=list(dict.fromkeys(who)),
        page=decision_page(scope, decision.pk) if is_open and sees_all else None,
        withdrawn=decision.effects.get(WITHDRAWN, ""),
        may_withdraw=is_open and _may_withdraw(scope, decision),
    )


def _may_withdraw(scope: Scope, decision: Decision) -> bool:
    is_theirs = body_that_proposed(decision) == scope.organisation_id
    return is_theirs and scope.user_id is not None and scope.has(*MAY_OPERATE, *MAY_CONFIRM)


def _row(row: SignOffRow, outcomes: Sequence[str]) -> RequirementRow:
    return RequirementRow(
        option=row.option,
        organisation_id=row.organisation_id,
        body=row.body,
        role=str(row.role.label),
        role_value=row.role.value,
        number=row.number,
        outcomes=[str(ReviewOutcome(outcome).label) for outcome in outcomes],
    )
