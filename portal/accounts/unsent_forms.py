"""What somebody had typed when their session ended: kept for an hour, for them alone, to be sent once more.

A form that arrives after the session has ended is not lost: its fields wait until the person who had the page
open has logged in again. Who that was a signed cookie says, which lasts longer than a session and goes with
logging out. Files are not kept, nor anything of the pages about accounts: those hold passwords and secrets.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.identity.models import User
from portal.kernel.quotas import is_within

_PREFIX: Final = "__Host-" if settings.SESSION_COOKIE_SECURE else ""
PERSON_COOKIE: Final = f"{_PREFIX}portal_person"
KEPT_SECONDS: Final = 60 * 60
MOST: Final = 8 * 1024 * 1024
"""So much text of one form, and no more."""
MOST_OF_ONE: Final = 2 * MOST
"""So much of one person within the hour: who they are is told by a cookie alone."""
DEVICE_COOKIE: Final = f"{_PREFIX}portal_device"
_DEVICE_SECONDS: Final = 180 * 24 * 60 * 60
_COOKIE_SECONDS: Final = 7 * 24 * 60 * 60
_SALT: Final = "portal.accounts.unsent_forms"
_NEVER: Final = ("/accounts/", "/organisation/", "/oauth/", "/api/", "/csp/")
_OURS: Final = {"csrfmiddlewaretoken"}

Answer = Callable[[HttpRequest], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class UnsentForm:
    """A form as it was sent: where to, from which page, and what was in it."""

    user_id: int
    path: str
    page: str
    fields: list[tuple[str, str]]
    files: list[str]


def keep_unsent_forms(get_response: Answer) -> Answer:
    """Keep what arrives after a session has ended, and lead to it once somebody has logged in."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if _is_sent_to_log_in(request, response):
            _lead_back(request, response)
        elif response.get("Content-Type", "").startswith("text/html") or PERSON_COOKIE in request.COOKIES:
            _remember(request, response)
        return response

    return middleware


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a form whose token no longer counts: somebody has logged in again since the page was opened.

    What came from a page of ours is kept and shown, to be sent once more; what did not is refused.
    """
    is_taken = _is_from_here(request) and not request.path.startswith(_NEVER)
    address = settings.LOGIN_URL  # the middleware keeps what a stranger sends there
    if is_taken and isinstance(request.user, User):
        token = keep_form(request)
        address = reverse("typed", args=[token]) if token else ""
    if not is_taken or not address:
        words = "The page you sent this from is no longer valid, or cookies are refused. Open it again."
        return render(request, "403.html", {"reason": words}, status=403)
    if "HX-Request" in request.headers:
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return redirect(address)


def keep_form(request: HttpRequest) -> str:
    """Keep a form's fields; return the token that brings them back, blank where they are not kept."""
    user_id = _person(request)
    fields = [
        (name, str(value)) for name, values in request.POST.lists() if name not in _OURS for value in values
    ]
    size = sum(len(name) + len(value) for name, value in fields)
    if user_id is None or not fields or size > MOST:
        return ""
    if not is_within(f"typed:{user_id}", size, most=MOST_OF_ONE, seconds=KEPT_SECONDS):
        return ""
    files = [file.name or "" for _, given in request.FILES.lists() for file in given]
    token = secrets.token_urlsafe(18)
    typed = UnsentForm(user_id, request.get_full_path(), _page(request), fields, files)
    cache.set(_key(token), asdict(typed), KEPT_SECONDS)
    return token


def restore_form(user: User, token: str) -> UnsentForm | None:
    """Bring back what this person had typed; None when it is gone, or somebody else's."""
    document: dict[str, Any] | None = cache.get(_key(token))
    return UnsentForm(**document) if document is not None and document["user_id"] == user.pk else None


def _lead_back(request: HttpRequest, response: HttpResponseBase) -> None:
    token = keep_form(request)
    address = reverse("typed", args=[token]) if token else _page(request)
    log_in = f"{settings.LOGIN_URL}?{urlencode({'next': address})}"
    response["HX-Redirect" if "HX-Redirect" in response else "Location"] = log_in


def _is_sent_to_log_in(request: HttpRequest, response: HttpResponseBase) -> bool:
    if request.method != "POST" or request.path.startswith(_NEVER):
        return False
    address = response.get("Location") or response.get("HX-Redirect") or ""
    return response.status_code in {302, 401} and urlsplit(address).path == settings.LOGIN_URL


def _remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Have the browser know who it is that types there; forget it when they log out."""
    user = getattr(request, "user", None)
    if isinstance(user, User):
        if not is_known_device(request, user.email):
            response.set_signed_cookie(
                DEVICE_COOKIE,
                _device(user.email),
                salt=_SALT,
                max_age=_DEVICE_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        if _person_of_cookie(request) != user.pk:
            response.set_signed_cookie(
                PERSON_COOKIE,
                str(user.pk),
                salt=_SALT,
                max_age=_COOKIE_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
    elif request.method == "POST" and request.path == reverse("logout"):
        response.delete_cookie(PERSON_COOKIE, samesite="Lax")


def is_signed_person(request: HttpRequest) -> bool:
    """Return whether a browser was somebody's within the week, by its cookie alone."""
    return _person_of_cookie(request) is not None


def is_known_device(request: HttpRequest | None, email: str) -> bool:
    """Return whether somebody with this address has been logged in by this browser within the last months."""
    if request is None or not email:
        return False
    cookie = request.get_signed_cookie(DEVICE_COOKIE, default="", salt=_SALT, max_age=_DEVICE_SECONDS)
    return cookie is not None and compare_digest(cookie, _device(email))


def _device(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()


def _person(request: HttpRequest) -> int | None:
    user = getattr(request, "user", None)
    return user.pk if isinstance(user, User) else _person_of_cookie(request)


def _person_of_cookie(request: HttpRequest) -> int | None:
    cookie = request.get_signed_cookie(PERSON_COOKIE, default="", salt=_SALT, max_age=_COOKIE_SECONDS)
    return int(cookie) if cookie and cookie.isdecimal() else None


def _page(request: HttpRequest) -> str:
    """Return the page the form was on, as an address of ours; an address for forms alone cannot be opened."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        came_from, {request.get_host()}, require_https=request.is_secure()
    ):
        return settings.LOGIN_REDIRECT_URL
    parts = urlsplit(came_from)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _is_from_here(request: HttpRequest) -> bool:
    here = f"{request.scheme}://{request.get_host()}"
    origin = request.headers.get("Origin", "")
    came_from = urlsplit(request.headers.get("Referer", ""))
    return origin == here if origin else f"{came_from.scheme}://{came_from.netloc}" == here


def _key(token: str) -> str:
    return f"typed:{token}"
