"""Who may send a large body at all: told before it is read, by what comes ahead of it."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished

from portal.accounts.unsent_forms import is_signed_person
from portal.identity.api import client_showing_token
from portal.identity.tokens import csp_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def is_known(environ: WSGIEnvironment) -> bool:
    """Return whether a request has a session, a token, or the cookie of a person of the last week."""
    request = WSGIRequest({**environ, "wsgi.input": BytesIO()})
    try:
        return _is_known(request)
    finally:
        request_finished.send(sender=is_known)  # a connection is not held while the body comes


def _is_known(request: WSGIRequest) -> bool:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return client_showing_token(value.strip(), request) is not None or csp_of(request) is not None
    if is_signed_person(request):
        return True
    engine: Any = import_module(settings.SESSION_ENGINE)
    return SESSION_KEY in engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
