"""Systems that call the REST interface in tests: a client of an organisation, with a token."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import orjson
from allauth.idp.oidc.models import Client as OAuthClient
from allauth.idp.oidc.models import Token
from django.test import Client
from django.utils import timezone

from portal.identity.api_scopes import SCOPES_OF_KIND, ApiScope
from portal.identity.models import ApiClient, Organisation, OrganisationKind

PREFIX = "/api/v1"


def beginning_of_this_minute() -> datetime:
    """Return when the share of calls of this minute began: a test that begins there ends within it."""
    return timezone.now().replace(second=0, microsecond=0)


class System:
    """A system with a token; without scopes named it has all that its organisation may give."""

    def __init__(self, organisation: Organisation, scopes: Collection[ApiScope] | None = None) -> None:
        kind = OrganisationKind(organisation.kind)
        names = [scope.value for scope in (SCOPES_OF_KIND[kind] if scopes is None else scopes)]
        oauth = OAuthClient(
            name=f"CRM of {organisation.name}",
            secret="!",
            type=OAuthClient.Type.CONFIDENTIAL,
            grant_types=OAuthClient.GrantType.CLIENT_CREDENTIALS,
        )
        oauth.set_scopes(names)
        oauth.save()
        ApiClient.objects.create(oauth=oauth, organisation=organisation, created_at=timezone.now())
        self.token = secrets.token_urlsafe(16)
        token = Token(
            type=Token.Type.ACCESS_TOKEN, client=oauth, expires_at=timezone.now() + timedelta(minutes=10)
        )
        token.set_value(self.token)
        token.set_scopes(names)
        token.save()
        self.client = Client(headers={"Authorization": f"Bearer {self.token}"})

    @classmethod
    def again(cls, known: System) -> System:
        """Return the same system on a connection of its own."""
        other = cls.__new__(cls)
        other.token = known.token
        other.client = Client(headers={"Authorization": f"Bearer {known.token}"})
        return other

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.client.get(PREFIX + path, query, headers=_names(headers))

    def post(self, path: str, body: object = None, *, kind: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else orjson.dumps({} if body is None else body)
        return self.client.post(PREFIX + path, data, content_type=kind, headers=_names(headers))

    def patch(self, path: str, body: object, **headers: str) -> Any:
        return self.client.patch(
            PREFIX + path, orjson.dumps(body), content_type="application/json", headers=_names(headers)
        )

    def put(self, path: str, body: object, *, kind: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return self.client.put(PREFIX + path, data, content_type=kind, headers=_names(headers))

    def delete(self, path: str) -> Any:
        return self.client.delete(PREFIX + path)


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def body_of(answer: Any) -> Any:
    """Return the JSON of an answer, streamed or not."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return orjson.loads(content)


def lines_of(answer: Any) -> list[str]:
    """Return the lines of a streamed file."""
    return b"".join(answer.streaming_content).decode().splitlines()
