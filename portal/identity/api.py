"""Access to the REST interface: who calls, what they may call, and how often.

A view of the interface inherits `ScopedAPI` and names what it needs:

    class Instructions(ScopedAPI, APIView):
        needs = {"GET": ApiScope.INSTRUCTIONS_READ, "POST": ApiScope.INSTRUCTIONS_WRITE}

        def get(self, request): ... self.scope ...

Systems come with a token (OAuth 2 client credentials), people with their session.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from allauth.account.adapter import get_adapter
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from portal.identity.api_scopes import ApiScope, roles_for, scopes_named, scopes_of_roles
from portal.identity.connections import certificate_digest, thumbprint
from portal.identity.credentials import may_call_from, note_use
from portal.identity.models import ApiClient, OrganisationKind, User
from portal.identity.scope import Scope
from portal.kernel import clock, tenancy

_WINDOW_SECONDS: Final = 60
_CONFIRMATION: Final = "cnf"
_THUMBPRINT: Final = "x5t#S256"


TOKEN_REFUSAL: Final = "The access token is unknown, has ended, or is bound to another certificate."  # noqa: S105
ANY_SCOPE: Final = "any"
"""What a view needs that serves every client, whatever it may do otherwise."""


def challenge(code: str, *, scope: str = "") -> str:
    """Return how to log in, and what is wrong with the token that was shown (RFC 6750, 3)."""
    parts = ['realm="portal"']
    if code in {"invalid_token", "insufficient_scope"}:
        parts.append(f'error="{code}"')
    if scope:
        parts.append(f'scope="{scope}"')
    return f"Bearer {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """A system that has shown a token: a client of an organisation, never a person."""

    scope: Scope
    allowed: frozenset[ApiScope]
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False
    pk: None = None

    def __str__(self) -> str:
        return self.scope.name


class InsufficientScope(PermissionDenied):
    """The token does not carry the scope that is needed (RFC 6750)."""

    default_code = "insufficient_scope"

    def __init__(self, needed: ApiScope) -> None:
        super().__init__(f"This needs the scope {needed.value}: {needed.label}.")
        self.needed = needed
        self.auth_header = challenge(self.default_code, scope=needed.value)


class WrongNetwork(PermissionDenied):
    """The client calls from an address outside the networks it was given."""

    default_code = "wrong_network"
    default_detail = "This client may not call from this address."
    auth_header = challenge(default_code)


class ClientTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` with an access token of a client."""

    def authenticate(self, request: Request) -> tuple[ServicePrincipal, Any] | None:
        """Return who calls; None without a bearer token.

        Raises:
            AuthenticationFailed: the token is unknown, has ended, or its client was revoked.
            WrongNetwork: the client may not call from there.
        """
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = _token(value.strip())
        client = _live_client(token, request)
        if client is None:
            raise AuthenticationFailed(TOKEN_REFUSAL, code="invalid_token")
        address = address_of(request)
        if not may_call_from(client.networks, address):
            raise WrongNetwork
        note_use(client, address=address, now=clock.now())
        return principal_of(client, names=token.get_scopes()), token

    def authenticate_header(self, request: Request) -> str:
        """Return how to log in: a 401, not a 403."""
        return challenge("invalid_token" if request.headers.get("Authorization") else "")


class HasApiScope(BasePermission):
    """The caller holds the scope that the view names for this method; a view that names none is closed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Let the caller in or say what is missing.

        Raises:
            NotAuthenticated: nobody has logged in.
            InsufficientScope: the caller may not do this.
        """
        if not request.user.is_authenticated:
            raise NotAuthenticated
        needed = needed_by(view, request.method or "")
        if needed is not None and needed not in allowed(request):
            raise InsufficientScope(needed)
        return True


class ClientThrottle(BaseThrottle):
    """So many requests a minute by each client, or person; what is left is told in the answer."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request; refuse it once the minute's share is used up."""
        moment = time.time()
        limit: int = settings.API_REQUESTS_A_MINUTE
        key = f"api-calls:{_caller(request)}:{int(moment // _WINDOW_SECONDS)}"
        count = count_call(key)
        self.seconds = _WINDOW_SECONDS - moment % _WINDOW_SECONDS
        request.rate_limit = {  # type: ignore[attr-defined]
            "RateLimit-Limit": limit,
            "RateLimit-Remaining": max(0, limit - count),
            "RateLimit-Reset": int(self.seconds) + 1,
        }
        return count <= limit

    def wait(self) -> float:
        """Return when the next minute begins."""
        return self.seconds


class ScopedAPI:
    """What every view of the REST interface has in common; put it before `APIView`."""

    authentication_classes: Any = (ClientTokenAuthentication, SessionAuthentication)
    permission_classes: Any = (HasApiScope,)
    throttle_classes: Any = (ClientThrottle,)
    needs: ClassVar[Mapping[str, ApiScope] | ApiScope | str | None] = None
    request: Any

    @property
    def scope(self) -> Scope:
        """Who is asking, as the services take it."""
        return scope_of(self.request)

    def perform_authentication(self, request: Request) -> None:
        """Find out who is asking, and have the database show the rows of their organisation."""
        super().perform_authentication(request)  # type: ignore[misc]
        if request.user.is_authenticated:
            tenancy.become(scope_of(request).tenant)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell the caller what is left of its minute, and keep shared caches out."""
        answer: Any = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        for name, value in getattr(request, "rate_limit", {}).items():
            answer[name] = str(value)
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer


def scope_of(request: Request) -> Scope:
    """Return who is asking, a system or a person.

    Raises:
        NotAuthenticated: nobody is.
    """
    if isinstance(request.user, ServicePrincipal):
        return request.user.scope
    if isinstance(request.user, User):
        return Scope.of(request.user)
    raise NotAuthenticated


def allowed(request: Request) -> frozenset[ApiScope]:
    """Return what the caller may do: a system by its token, a person by their roles."""
    if isinstance(request.user, ServicePrincipal):
        return request.user.allowed
    scope = scope_of(request)
    return scopes_of_roles(scope.kind, scope.roles)


def principal_of(client: ApiClient, *, names: list[str]) -> ServicePrincipal:
    """Return a client as somebody who asks, with these scopes as far as it still holds them."""
    held = scopes_named(names) & scopes_named(client.oauth.get_scopes())
    kind = OrganisationKind(client.organisation.kind)
    scope = Scope(
        organisation_id=client.organisation_id,
        kind=kind,
        roles=roles_for(kind, held),
        client_id=str(client.pk),
        name=client.oauth.name,
        organisation_name=client.organisation.name,
    )
    return ServicePrincipal(scope=scope, allowed=held)


def needed_by(view: object, method: str) -> ApiScope | None:
    """Return the scope a view needs for a method; None where it has no such method, or takes any client.

    Raises:
        ImproperlyConfigured: the view names none.
    """
    if method == "OPTIONS" or not hasattr(view, method.lower()):
        return None
    needs = getattr(view, "needs", None)
    if isinstance(needs, Mapping):
        needs = needs.get("GET" if method == "HEAD" else method)
    if needs == ANY_SCOPE:
        return None
    if not isinstance(needs, ApiScope):
        raise ImproperlyConfigured(f"{type(view).__name__} does not say which scope {method} needs.")
    return needs


def address_of(request: HttpRequest | Request) -> str:
    """Return the address a request comes from, as far as our own proxy vouches for it."""
    return str(get_adapter().get_client_ip(request))


def count_call(key: str) -> int:
    """Count one more under a key that is forgotten after two minutes, and return how many there are."""
    cache.add(key, 0, 2 * _WINDOW_SECONDS)
    try:
        return cache.incr(key)
    except ValueError:  # it was forgotten in between
        cache.set(key, 1, 2 * _WINDOW_SECONDS)
        return 1


def client_showing_token(value: str, request: HttpRequest) -> tuple[ApiClient, list[str]] | None:
    """Return the client of a request's access token, while both count, and the names of its scopes."""
    token = _token(value)
    client = _live_client(token, request)
    return None if client is None else (client, list(token.get_scopes()))


def client_of_token(value: str, *, needs: ApiScope, request: HttpRequest) -> ApiClient | None:
    """Return the client of an access token that carries a scope, for views outside the REST framework."""
    token = _token(value)
    client = _live_client(token, request)
    if client is None or needs not in principal_of(client, names=token.get_scopes()).allowed:
        return None
    address = address_of(request)
    if not may_call_from(client.networks, address):
        return None
    note_use(client, address=address, now=clock.now())
    return client


def bind_token(value: str, digest: bytes) -> None:
    """Have a token count on connections with this certificate alone (RFC 8705, 3)."""
    Token.objects.by_value(value).update(data={_CONFIRMATION: {_THUMBPRINT: thumbprint(digest)}})


def _live_client(token: Any, request: HttpRequest | Request) -> ApiClient | None:
    client: ApiClient | None = getattr(token.client, "api_client", None) if token else None
    if client is None or client.revoked_at is not None or not client.organisation.is_active:
        return None
    return client if _fits_connection(token, client, request) else None


def _fits_connection(token: Any, client: ApiClient, request: HttpRequest | Request) -> bool:
    bound_to = (token.data or {}).get(_CONFIRMATION, {}).get(_THUMBPRINT)
    if bound_to is None:
        return not client.binds_tokens
    digest = certificate_digest(request)
    return bool(digest) and hmac.compare_digest(thumbprint(digest or b""), bound_to)


def _token(value: str) -> Any:
    return (
        Token.objects.valid()
        .by_value(value)
        .filter(type=Token.Type.ACCESS_TOKEN, user=None)
        .select_related("client__api_client__organisation")
        .first()
    )


def _caller(request: Request) -> str:
    if isinstance(request.user, ServicePrincipal):
        return f"client:{request.user.scope.client_id}"
    return f"person:{request.user.pk}"
