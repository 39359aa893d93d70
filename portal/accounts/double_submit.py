"""A form that is sent twice is done once: by a double click, the back button, a page that is loaded again.

Each page has a CSRF token masked again, so the same token with the same fields is the same form of the same
page. What was answered with a redirect is not done again; it leads to where it led. A form that was refused
may be corrected and sent as often as it takes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from portal.identity.models import User

REMEMBERED_SECONDS: Final = 60 * 60
_RUNNING: Final = ""
_RUNNING_SECONDS: Final = 60
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.05
_NOT_HERE: Final = ("/accounts/", "/oauth/", "/api/", "/csp/")
_FORMS: Final = {"application/x-www-form-urlencoded", "multipart/form-data"}
_DONE_BEFORE: Final = "This had been sent already, so it was not done again. Here is what came of it."

Answer = Callable[[HttpRequest], HttpResponseBase]


def submit_once(get_response: Answer) -> Answer:
    """Do what a form says once, however often it is sent."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        key = _key(request)
        if not key:
            return get_response(request)
        if not cache.add(key, _RUNNING, _RUNNING_SECONDS) and (led_to := _outcome(key)):
            messages.info(request, _DONE_BEFORE)
            return redirect(led_to)
        response = get_response(request)
        if response.status_code == 302:  # noqa: PLR2004 - a redirect: it was done
            cache.set(key, response["Location"], REMEMBERED_SECONDS)
        else:
            cache.delete(key)
        return response

    return middleware


def _key(request: HttpRequest) -> str:
    """Name the form as it was sent; blank for what is no form of a page."""
    if request.method != "POST" or request.path.startswith(_NOT_HERE) or "HX-Request" in request.headers:
        return ""
    if request.content_type not in _FORMS or not isinstance(request.user, User):
        return ""
    if not request.POST.get("csrfmiddlewaretoken"):
        return ""
    digest = hashlib.sha256(request.get_full_path().encode())
    for name, values in sorted(request.POST.lists()):
        digest.update(repr((name, values)).encode())
    for name, files in sorted(request.FILES.lists()):
        digest.update(repr((name, [(file.name, file.size) for file in files])).encode())
    return f"sent:{request.user.pk}:{digest.hexdigest()}"


def _outcome(key: str) -> str:
    """Return where the first of two led, waiting while it is at it; blank if it was refused or takes long."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        led_to: str | None = cache.get(key)
        if led_to != _RUNNING:
            return led_to or ""
        time.sleep(_PAUSE)
    return ""
