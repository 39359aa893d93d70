"""Two Suppliers, the DCC and the Panel with people in them, each with a browser of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings as conf
from django.test import Client

from portal.accounts import clients
from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from tests.factories import OrganisationFactory, UserFactory
from tests.identity import provider as oidc
from tests.identity.client_views import READ, WRITE

PASSWORD = "correct horse battery"
REAL_HASHERS = list(conf.PASSWORD_HASHERS)


@dataclass
class Seats:
    """Who is who."""

    supplier: Organisation
    other: Organisation
    dcc: Organisation
    admin: User
    analyst: User
    viewer: User
    other_admin: User
    operator: User

    def of(self, user: User) -> Scope:
        return Scope.of(user)


@pytest.fixture(autouse=True)
def _hashes_are_quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *REAL_HASHERS]


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet(fresh_cache: None) -> None:
    """Requests and wrong tries of other tests do not count."""


@pytest.fixture
def seats(db: None) -> Seats:
    supplier = OrganisationFactory(name="Northern Light Energy")
    other = OrganisationFactory(name="Southern Cross Power")
    dcc = OrganisationFactory(name="DCC", kind=OrganisationKind.DCC)

    def person(name: str, organisation: Organisation, *roles: Role, domain: str) -> User:
        return UserFactory(
            name=name,
            email=f"{name.lower()}@{domain}",
            organisation=organisation,
            roles=[role.value for role in roles],
            password=PASSWORD,
        )

    return Seats(
        supplier=supplier,
        other=other,
        dcc=dcc,
        admin=person(
            "Alice", supplier, Role.SUPPLIER_ADMIN, Role.SUPPLIER_ANALYST, domain="northern.example"
        ),
        analyst=person("Bob", supplier, Role.SUPPLIER_ANALYST, domain="northern.example"),
        viewer=person("Vera", supplier, Role.SUPPLIER_VIEWER, domain="northern.example"),
        other_admin=person("Charlie", other, Role.SUPPLIER_ADMIN, domain="southern.example"),
        operator=person("Dora", dcc, Role.DCC_OPERATOR, domain="dcc.example"),
    )


@pytest.fixture
def logged_in() -> Any:
    """Open a browser of somebody who has logged in by the form, password alone: `logged_in(user)`."""

    def _log_in(user: User, *, password: str = PASSWORD) -> Client:
        client = Client()
        client.post("/accounts/login/", {"login": user.email, "password": password})
        return client

    return _log_in


@pytest.fixture
def credentials(seats, now):
    """A client of the Supplier that may read the estate and instruct."""
    return clients.create_client(
        Scope.of(seats.admin), name="CRM", scopes=[READ, WRITE], networks="", now=now
    )


@pytest.fixture
def provider() -> Iterator[oidc.Provider]:
    with oidc.running() as running:
        yield running
