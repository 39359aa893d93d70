"""Systems of an organisation that hold a token, as tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from portal.accounts.clients import NewSecret, create_client
from portal.identity.api_scopes import SCOPES_OF_KIND, ApiScope
from portal.identity.models import OrganisationKind, User
from portal.identity.scope import Scope


def client_for(user: User, *scopes: ApiScope) -> NewSecret:
    """Make a client of a person's organisation, with everything it may have unless told otherwise."""
    wanted: Sequence[ApiScope] = scopes or SCOPES_OF_KIND[OrganisationKind(user.organisation.kind)]
    return create_client(Scope.of(user), name="CRM", scopes=wanted, networks="", now=datetime.now(UTC))


def token_for(made: NewSecret, **headers: str) -> str:
    """Get a token for a client's secret; headers by name, with `_` for `-`."""
    body = {
        "grant_type": "client_credentials",
        "client_id": made.client_id,
        "client_secret": made.secret,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return str(Client().post("/oauth/token", body, headers=named).json()["access_token"])


class Calls:
    """A system that calls the REST interface: `calls.get("/api/v1/events")`."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    @classmethod
    def of(cls, user: User, *scopes: ApiScope) -> Calls:
        """Let a new client of a person's organisation call."""
        return cls(token_for(client_for(user, *scopes)))

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        return self.client.get(path, query)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Send JSON."""
        return getattr(self.client, method)(
            path, data="" if body is None else body, content_type="application/json", headers=headers or None
        )
