"""Sign-offs of a recommendation: required, given and still needed (R5.3).

Requirements are rows: so many holders of a role of one body. Rows with the same option belong together, and
one complete option is enough: the Panel, or a nominated Sub-Committee. Without any row one member of the
Panel is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.roles import Role
from rollouts.models.governance import Decision, SignOff, SignOffRequirement
from rollouts.states.governing import DecisionKind, SignOffVerdict

WITHDRAWN: Final = "withdrawn"
"""Under this name the effects of a proposal that was withdrawn say why."""
ANY_PANEL: Final = "the SEC Panel or a nominated Sub-Committee"


@dataclass(frozen=True, slots=True)
class SignOffRow:
    """So many people with a role of one body; of any Panel body where none is named."""

    option: int
    organisation_id: int | None
    body: str
    role: Role
    number: int

    def suits(self, organisation_id: int, role: str, *, panels: frozenset[int]) -> bool:
        """Return whether a signature of that body in that role counts for this row."""
        is_body = (
            organisation_id in panels
            if self.organisation_id is None
            else organisation_id == self.organisation_id
        )
        return is_body and role == self.role


@dataclass(frozen=True, slots=True)
class SignOffRowStanding:
    """A row, and how many have signed for it."""

    row: SignOffRow
    signed: int

    @property
    def missing(self) -> int:
        """How many signatures are still needed."""
        return max(self.row.number - self.signed, 0)


@dataclass(frozen=True, slots=True)
class SignOffStanding:
    """Where the sign-offs of a recommendation stand: its options, of which one must be complete."""

    options: tuple[tuple[SignOffRowStanding, ...], ...]
    panels: frozenset[int]

    @property
    def is_confirmed(self) -> bool:
        """Return whether one option is complete."""
        return any(all(not row.missing for row in option) for option in self.options)

    @property
    def still_needed(self) -> tuple[str, ...]:
        """Return whose sign-offs are still needed, one sentence an option; empty once confirmed."""
        if self.is_confirmed:
            return ()
        return tuple(" and ".join(_words(row) for row in option if row.missing) for option in self.options)

    def role_needed(self, organisation_id: int, roles: Iterable[Role]) -> Role | None:
        """Name the role in which somebody's signature is still needed; None where it is not."""
        for role in sorted(roles):
            for option in self.options:
                if any(r.missing and r.row.suits(organisation_id, role, panels=self.panels) for r in option):
                    return role
        return None

    def may_sign(self, organisation_id: int, roles: Iterable[Role]) -> bool:
        """Return whether somebody's word counts at all, needed still or not."""
        held = list(roles)
        return any(
            standing.row.suits(organisation_id, role, panels=self.panels)
            for option in self.options
            for standing in option
            for role in held
        )


def standing_of(decision: Decision) -> SignOffStanding:
    """Compare the sign-offs of a recommendation's present version with the requirement in force.

    A change of the requirement itself needs what is in force, and what it would put into force.
    """
    approvals = [
        (sign_off.organisation_id, sign_off.role)
        for sign_off in SignOff.objects.filter(
            decision=decision, version=decision.version, verdict=SignOffVerdict.APPROVE, voided_at=None
        )
    ]
    panels = frozenset(Organisation.objects.filter(kind=OrganisationKind.PANEL).values_list("pk", flat=True))
    options = [_standing(option, approvals, panels) for option in requirement_options(decision.outcome)]
    if decision.kind == DecisionKind.REQUIREMENTS:
        proposed = rows_of_proposal(decision.proposal)
        ahead = [_standing(option, approvals, panels) for option in _by_option(proposed)]
        options = [_joined(old, new) for old in options for new in ahead]
    return SignOffStanding(tuple(options), panels)


def requirement_options(outcome: str) -> list[tuple[SignOffRow, ...]]:
    """Return the options in force for an outcome."""
    in_force = SignOffRequirement.objects.filter(in_force_until=None)
    suited = in_force.filter(Q(outcomes=[]) | Q(outcomes__contains=[outcome])) if outcome else in_force
    rows = [
        SignOffRow(each.option, each.organisation_id, each.organisation.name, Role(each.role), each.number)
        for each in suited.select_related("organisation").order_by("option", "id")
    ]
    return _by_option(rows) or [(SignOffRow(1, None, ANY_PANEL, Role.PANEL_MEMBER, 1),)]


def body_that_proposed(decision: Decision) -> int | None:
    """Return the organisation whose person proposed a change of the requirement."""
    who = User.objects.filter(pk=decision.recommended_by_id or 0)
    return who.values_list("organisation_id", flat=True).first()


def rows_of_proposal(proposal: Mapping[str, Any]) -> list[SignOffRow]:
    """Read the rows a decision on the requirement proposes."""
    names = dict(Organisation.objects.values_list("pk", "name"))
    return [
        SignOffRow(
            int(each["option"]),
            int(each["organisation"]),
            names[int(each["organisation"])],
            Role(each["role"]),
            int(each["number"]),
        )
        for each in proposal.get("rows", [])
    ]


def _by_option(rows: Iterable[SignOffRow]) -> list[tuple[SignOffRow, ...]]:
    grouped: dict[int, list[SignOffRow]] = {}
    for row in rows:
        grouped.setdefault(row.option, []).append(row)
    return [tuple(grouped[option]) for option in sorted(grouped)]


def _standing(
    option: Sequence[SignOffRow], approvals: Sequence[tuple[int, str]], panels: frozenset[int]
) -> tuple[SignOffRowStanding, ...]:
    # A person fills one place: whoever has signed for one row is not counted for the next.
    left = list(approvals)
    standings = []
    for row in option:
        suited = [each for each in left if row.suits(*each, panels=panels)][: row.number]
        for each in suited:
            left.remove(each)
        standings.append(SignOffRowStanding(row, len(suited)))
    return tuple(standings)


def _joined(
    old: Sequence[SignOffRowStanding], new: Sequence[SignOffRowStanding]
) -> tuple[SignOffRowStanding, ...]:
    """Ask the most of each body and role that either asks."""
    most: dict[tuple[int | None, Role], SignOffRowStanding] = {}
    for standing in (*old, *new):
        key = (standing.row.organisation_id, standing.row.role)
        if key not in most or standing.row.number > most[key].row.number:
            most[key] = standing
    return tuple(most.values())


def _words(standing: SignOffRowStanding) -> str:
    who = standing.row.role.label.lower()
    people = f"one {who}" if standing.missing == 1 else f"{standing.missing} {who}s"
    return f"{people} of {standing.row.body}"
