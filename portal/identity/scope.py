"""Scope: the tenant, the actor and the roles, as one frozen value.

Every function that reads or writes what belongs to an organisation takes a Scope first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from portal.identity.models import OrganisationKind, User
from portal.identity.roles import Role
from portal.kernel import tenancy
from portal.kernel.refusals import NotPermitted
from portal.kernel.tenancy import Tenant

_DATABASE_ROLES: Final = {
    OrganisationKind.SUPPLIER: tenancy.SUPPLIER,
    OrganisationKind.DCC: tenancy.OPERATOR,
    OrganisationKind.CSP: tenancy.CSP,
    OrganisationKind.PANEL: tenancy.PANEL,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is asking: organisation, kind, person or client, roles."""

    organisation_id: int
    kind: OrganisationKind
    roles: frozenset[Role] = field(default_factory=frozenset)
    user_id: int | None = None
    client_id: str | None = None
    name: str = ""
    organisation_name: str = ""

    @classmethod
    def of(cls, user: User) -> Scope:
        """Return the scope of a person who has logged in."""
        return cls(
            organisation_id=user.organisation_id,
            kind=OrganisationKind(user.organisation.kind),
            roles=frozenset(Role(role) for role in user.roles),
            user_id=user.pk,
            name=user.name,
            organisation_name=user.organisation.name,
        )

    @classmethod
    def system(cls, organisation_id: int, *, name: str = "the portal") -> Scope:
        """Return the scope of the portal itself acting for the DCC, e.g. a deadline that passes."""
        return cls(
            organisation_id=organisation_id,
            kind=OrganisationKind.DCC,
            roles=frozenset({Role.DCC_OPERATOR}),
            name=name,
            organisation_name="DCC",
        )

    @property
    def tenant(self) -> Tenant:
        """For whom the database runs what is asked: it shows the rows of this organisation."""
        return Tenant(_DATABASE_ROLES[OrganisationKind(self.kind)], self.organisation_id)

    @property
    def is_portal(self) -> bool:
        """The portal acts by itself: no person and no client of anybody is asking."""
        return self.user_id is None and self.client_id is None

    @property
    def is_dcc(self) -> bool:
        """The DCC sees every hub and every pair of Suppliers."""
        return self.kind == OrganisationKind.DCC

    @property
    def is_supplier(self) -> bool:
        """A Supplier sees only what it is responsible for."""
        return self.kind == OrganisationKind.SUPPLIER

    @property
    def is_csp(self) -> bool:
        """A CSP sees volumes of its own regions."""
        return self.kind == OrganisationKind.CSP

    @property
    def is_panel(self) -> bool:
        """The Panel sees decisions and their evidence."""
        return self.kind == OrganisationKind.PANEL

    def has(self, *roles: Role) -> bool:
        """Return whether the actor holds any of these roles."""
        return not self.roles.isdisjoint(roles)

    def check(self, *roles: Role) -> None:
        """Refuse unless the actor holds one of these roles.

        Raises:
            NotPermitted: none of them is held.
        """
        if not self.has(*roles):
            wanted = " or ".join(role.label for role in roles)
            raise NotPermitted(
                f"This needs the role {wanted}. Ask an administrator of your organisation for it."
            )
