"""A system about itself: what it may do, until when its secrets count, and a new one before that."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypedDict

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts import clients
from portal.accounts.clients import ClientView
from portal.identity.api import ANY_SCOPE
from portal.identity.api_scopes import ApiScope
from portal.identity.public_keys import ALGORITHMS, algorithms_of, thumbprint_of
from portal.kernel import clock
from portal.problems import ProblemType, add_to_catalogue
from portal.rest.operations import operation
from portal.rest.schemas import AllowedNames, Example, schema_reference
from portal.rest.views import ResourceView

_ID: Final = "8b1f0c5e4d0a4b7f"

add_to_catalogue(
    ProblemType("client_revoked", 409, "The client is revoked.", "An administrator makes another."),
    ProblemType("no_secret", 409, "The client signs with a key: it has no secret.", "Change its key."),
)


class ClientSecretSchema(TypedDict):
    """A secret of a client: its last letters, and how long it counts."""

    ending: Annotated[str, Example("x7Qa")]
    created_at: datetime
    expires_at: Annotated[datetime | None, "When it stops counting; null for the newest."]
    used_at: datetime | None


class ClientKeySchema(TypedDict):
    """A public key of a client: its thumbprint (RFC 7638), and which signatures of it are taken."""

    thumbprint: Annotated[str, Example("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]
    algorithms: Annotated[list[str], AllowedNames(ALGORITHMS)]


class ApiClientSchema(TypedDict):
    """The client that asks."""

    client_id: Annotated[str, Example(_ID)]
    name: Annotated[str, Example("CRM")]
    scopes: Annotated[list[str], AllowedNames([scope.value for scope in ApiScope])]
    networks: Annotated[list[str], "From where it may call; none means from anywhere.", Example([])]
    used_at: datetime | None
    secrets: Annotated[list[ClientSecretSchema], "Those that count, the newest first."]
    keys: Annotated[list[ClientKeySchema], "Those by which it may sign for its tokens (`private_key_jwt`)."]
    binds_tokens: Annotated[bool, "Whether its tokens count on connections with its certificate alone."]


class NewSecretSchema(TypedDict):
    """A new secret: it is told this once."""

    client_id: Annotated[str, Example(_ID)]
    secret: Annotated[str, Example("chfp_3q2-7wAb")]
    former_counts_for_days: Annotated[float, "So long the former secret counts beside it.", Example(7)]


class OwnClientView(ResourceView):
    """The client that calls."""

    tag = "Access"
    needs = ANY_SCOPE

    @operation("getOwnClient", "Read about yourself", returns=schema_reference(ApiClientSchema))
    def get(self, request: Request) -> Response:
        """Read what your client may do, from where, and until when its secrets count; for systems alone."""
        return Response(_client(clients.own_client(self.scope, now=clock.now())))


class OwnSecretView(ResourceView):
    """The secret of the client that calls."""

    tag = "Access"
    needs: ClassVar[Any] = {"POST": ApiScope.CLIENT_ROTATE}

    @operation(
        "rotateOwnSecret",
        "Change your own secret",
        status=201,
        returns=schema_reference(NewSecretSchema),
        refuses=("client_revoked", "no_secret"),
    )
    def post(self, request: Request) -> Response:
        """Get another secret; the former one counts beside it for the overlap, any older one ends now.

        It takes no `Idempotency-Key`: a secret is kept nowhere that it could be told again from. Where the
        answer was lost, ask for another one with the token you have.
        """
        made = clients.rotate_own_secret(self.scope, now=clock.now())
        document: NewSecretSchema = {
            "client_id": made.client_id,
            "secret": made.secret,
            "former_counts_for_days": settings.API_SECRET_OVERLAP_DAYS,
        }
        return Response(document, status=201, headers={"Location": "/api/v1/client"})


def _client(view: ClientView) -> ApiClientSchema:
    return {
        "client_id": str(view.client.pk),
        "name": view.name,
        "scopes": [scope.value for scope in view.scopes],
        "networks": list(view.client.networks),
        "used_at": view.client.used_at,
        "secrets": [
            {
                "ending": secret.ending,
                "created_at": secret.created_at,
                "expires_at": secret.expires_at,
                "used_at": secret.used_at,
            }
            for secret in view.secrets
        ],
        "keys": [
            {"thumbprint": thumbprint_of(key), "algorithms": list(algorithms_of(key))}
            for key in view.client.public_keys
        ],
        "binds_tokens": view.client.binds_tokens,
    }
