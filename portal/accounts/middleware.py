"""Sessions that end when nobody uses them; and the second factor, where it is required."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from portal.identity.models import User
from portal.identity.roles import DCC_ROLES, PANEL_ROLES

#: Whose decisions reach every household's hub.
ROLES_WITH_SECOND_FACTOR: Final = DCC_ROLES | PANEL_ROLES
_LAST_ACT: Final = "last-act"
#: Seconds; a session is not written at every request.
_NOTED_EVERY: Final = 60
_ENROLLED: Final = "second-factor-enrolled"
#: What somebody needs on the way to a second factor, and to turn back.
_REACHED_WITHOUT: Final = (
    "/accounts/2fa/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
    "/accounts/password/",
    "/static/",
    "/livez",
    "/readyz",
)

Answer = Callable[[HttpRequest], HttpResponseBase]


def end_idle_sessions(get_response: Answer) -> Answer:
    """Log out whoever has done nothing for `SESSION_IDLE_SECONDS` (ASVS 7.3.1)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _end_or_prolong(request)
        return get_response(request)

    return middleware


def note_log_in(*, request: HttpRequest, **_: Any) -> None:
    """Begin to count how long a session is idle."""
    request.session[_LAST_ACT] = int(time.time())


def _end_or_prolong(request: HttpRequest) -> None:
    last, now = request.session.get(_LAST_ACT), int(time.time())
    if last is None:
        return
    if now - last > settings.SESSION_IDLE_SECONDS:
        logout(request)
    elif now - last >= _NOTED_EVERY and not _is_by_itself(request):
        request.session[_LAST_ACT] = now


def _is_by_itself(request: HttpRequest) -> bool:
    # A part of a page that follows what happens asks for itself; a person's act names another target or none.
    trigger = request.headers.get("HX-Trigger")
    return trigger is not None and trigger == request.headers.get("HX-Target")


def second_factor(get_response: Answer) -> Answer:
    """Lead people who need a second factor and have none to the page where they set one up."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(_REACHED_WITHOUT) and _is_missing(request):
            return _lead_to_enrolment(request)
        return get_response(request)

    return middleware


def needs_second_factor(user: User) -> bool:
    """Return whether this person's roles ask for a second factor, where this portal asks at all."""
    return settings.SECOND_FACTOR_REQUIRED and not ROLES_WITH_SECOND_FACTOR.isdisjoint(user.roles)


def has_second_factor(user: User) -> bool:
    """Return whether somebody has an authenticator app or a passkey."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists())


def forget_enrolment(request: HttpRequest) -> None:
    """Look again at the next request whether there is a second factor."""
    request.session.pop(_ENROLLED, None)


def _is_missing(request: HttpRequest) -> bool:
    if not settings.SECOND_FACTOR_REQUIRED or not isinstance(request.user, User):
        return False
    user = request.user
    if not needs_second_factor(user) or request.session.get(_ENROLLED) == user.pk:
        return False
    if has_second_factor(user):
        request.session[_ENROLLED] = user.pk
        return False
    return True


def _lead_to_enrolment(request: HttpRequest) -> HttpResponseBase:
    address = reverse("mfa_index")
    if "HX-Request" in request.headers:
        return HttpResponse(status=403, headers={"HX-Redirect": address})
    return redirect(address)
