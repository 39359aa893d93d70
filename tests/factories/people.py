"""Organisations and users."""

from __future__ import annotations

import factory

from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.roles import Role

ROLES_OF_KIND = {
    OrganisationKind.DCC: [Role.DCC_OPERATOR],
    OrganisationKind.SUPPLIER: [Role.SUPPLIER_ANALYST, Role.SUPPLIER_ADMIN],
    OrganisationKind.CSP: [Role.CSP_PLANNER],
    OrganisationKind.PANEL: [Role.PANEL_MEMBER],
}


class OrganisationFactory(factory.django.DjangoModelFactory):
    """A Supplier unless told otherwise."""

    class Meta:
        model = Organisation

    kind = OrganisationKind.SUPPLIER
    name = factory.Sequence(lambda n: f"Supplier {n} Ltd")


class UserFactory(factory.django.DjangoModelFactory):
    """Somebody of a Supplier who may instruct; the password is `correct horse`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")
    organisation = factory.SubFactory(OrganisationFactory)
    roles = factory.LazyAttribute(lambda user: [role.value for role in ROLES_OF_KIND[user.organisation.kind]])

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **_: object) -> None:
        """Hash a password only where a test logs in by form; hashing is slow on purpose."""
        if create and extracted:
            self.set_password(extracted)
            self.save(update_fields=["password"])
