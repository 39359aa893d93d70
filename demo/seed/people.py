"""One log-in for each kind of actor, and the scopes in whose name a demonstration acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.roles import Role
from portal.identity.scope import Scope


@dataclass(frozen=True, slots=True)
class DemoLogIn:
    """Somebody who can log in to a demonstration, and what there is to say about them."""

    organisation: str
    email: str
    name: str
    roles: tuple[Role, ...]
    says: str


SUPPLIER_ROLES: Final = (Role.SUPPLIER_ANALYST, Role.SUPPLIER_ADMIN)

BOTH_ROLES: Final = "Ambergate Energy"
SECOND: Final = "Brackenmoor Power"
IMPORT_ONLY: Final = "Juniper Hill Electric"
GAS_ONLY: Final = "Inglenook Gas"
DCC: Final = "DCC"
PANEL: Final = "SEC Panel"

LOG_INS: Final = (
    DemoLogIn(DCC, "operator@dcc.example", "Dana Whitlock", (Role.DCC_OPERATOR,), "DCC operator"),
    DemoLogIn(
        BOTH_ROLES,
        "analyst@ambergate.example",
        "Asha Patel",
        SUPPLIER_ROLES,
        "Supplier of electricity and gas",
    ),
    DemoLogIn(
        IMPORT_ONLY,
        "analyst@juniper.example",
        "Jonas Reid",
        SUPPLIER_ROLES,
        "Supplier of electricity alone",
    ),
    DemoLogIn(GAS_ONLY, "analyst@inglenook.example", "Iona Grant", SUPPLIER_ROLES, "Supplier of gas alone"),
    DemoLogIn(
        "CSP Central & South", "planner@csp.example", "Carys Bowen", (Role.CSP_PLANNER,), "CSP planner"
    ),
    DemoLogIn(PANEL, "member@panel.example", "Peter Lindqvist", (Role.PANEL_MEMBER,), "Panel member"),
)


def put_log_ins(password: str, log_ins: Sequence[DemoLogIn] = LOG_INS) -> Sequence[DemoLogIn]:
    """Make sure that everybody is there with this password; changes nothing where it is so."""
    organisations = {each.name: each for each in Organisation.objects.all()}
    for log_in in log_ins:
        user = User.objects.filter(email=log_in.email).first() or User(email=log_in.email)
        user.name, user.organisation = log_in.name, organisations[log_in.organisation]
        user.roles, user.is_active = [role.value for role in log_in.roles], True
        if not user.password or not user.check_password(password):
            user.set_password(password)
        user.save()
    return log_ins


def scope_of(organisation: str) -> Scope:
    """Return the scope of whoever acts for an organisation: its person, or else an analyst of it."""
    user = User.objects.select_related("organisation").filter(organisation__name=organisation).first()
    if user is not None:
        return Scope.of(user)
    owner = Organisation.objects.get(name=organisation)
    return Scope(
        organisation_id=owner.pk,
        kind=OrganisationKind(owner.kind),
        roles=frozenset(SUPPLIER_ROLES),
        name=f"an analyst of {owner.name}",
        organisation_name=owner.name,
    )
