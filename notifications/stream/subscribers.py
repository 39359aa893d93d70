"""Who follows the stream: a person by their session, a system by its token; looked at again each minute."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest

from portal.accounts.middleware import has_second_factor, needs_second_factor
from portal.identity.api import TOKEN_REFUSAL, address_of, client_showing_token, principal_of
from portal.identity.api_scopes import ApiScope, scopes_of_roles
from portal.identity.credentials import may_call_from, note_use
from portal.identity.models import User
from portal.identity.scope import Scope
from portal.kernel import clock

ANYBODY: Final = 0


class StreamRefused(Exception):
    """Whoever asks may not follow; the code is one of the catalogue of problems."""

    def __init__(self, code: str, status: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who follows: their scope, and a name by which their streams are counted."""

    scope: Scope
    caller: str

    @property
    def watched(self) -> int:
        """Whose feed changes their pages: a Supplier's its own; others see hubs of all Suppliers."""
        return self.scope.organisation_id if self.scope.is_supplier else ANYBODY


def subscriber_of(request: ASGIRequest) -> Subscriber:
    """Return who asks. Reads the database: run it in a thread.

    Raises:
        Refused: nobody who may follow.
    """
    check_origin(request)
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _system(request, value.strip())
    return _person(request)


def check_origin(request: ASGIRequest) -> str:
    """Return the origin of the page that asks, if it asks from one that may; empty for anything but a page.

    Raises:
        Refused: it may not.
    """
    try:
        here = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost as unknown:
        raise StreamRefused("bad_input", 422, "This is not a name of the portal.") from unknown
    origin = request.headers.get("Origin", "")
    if origin and origin != here and origin not in settings.STREAM_PAGES:
        raise StreamRefused("not_permitted", 403, "Pages from there may not follow the stream.")
    return origin


def _system(request: ASGIRequest, value: str) -> Subscriber:
    shown = client_showing_token(value, request)
    if shown is None:
        raise StreamRefused("invalid_token", 401, TOKEN_REFUSAL)
    client, names = shown
    address = address_of(request)
    if not may_call_from(client.networks, address):
        raise StreamRefused("wrong_network", 403, "This client may not call from this address.")
    principal = principal_of(client, names=names)
    if ApiScope.EVENTS_READ not in principal.allowed:
        raise StreamRefused("insufficient_scope", 403, f"This needs the scope {ApiScope.EVENTS_READ.value}.")
    note_use(client, address=address, now=clock.now())
    return Subscriber(principal.scope, f"client:{client.pk}")


def _person(request: ASGIRequest) -> Subscriber:
    engine: Any = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = auth.get_user(request)
    if not isinstance(user, User) or not user.organisation.is_active:
        raise StreamRefused("not_authenticated", 401, "Log in, or send an access token.")
    if needs_second_factor(user) and not has_second_factor(user):
        raise StreamRefused("not_permitted", 403, "Set up a second factor first.")
    scope = Scope.of(user)
    if ApiScope.EVENTS_READ not in scopes_of_roles(scope.kind, scope.roles):
        raise StreamRefused("not_permitted", 403, "Your role may not follow events.")
    return Subscriber(scope, f"person:{user.pk}")
