"""Around every request: an id in its answer and its log lines; and the process that only suspends."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.middleware.gzip import GZipMiddleware
from django.views import defaults

from portal.kernel.paging import BadCursor
from portal.kernel.refusals import NotFound, NotPermitted, Refusal

_ACCEPTED: Final = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")


def request_id_of(offered: str) -> str:
    """Return the id a request came with, if it is of 1 to 128 printable ASCII characters; else a new one."""
    return offered if _ACCEPTED.fullmatch(offered) else uuid.uuid4().hex


_SUSPENDING: Final = re.compile(
    r"/rollouts/\d+/steps/suspend/?|/api/v1/rollouts/\d+/steps/suspend|/(livez|static/.*)"
)


class OnlySuspendingMiddleware:
    """Serve the ways to suspend a rollout, and lead everything else to the other processes.

    The process it runs in has threads and database connections that nothing else can take: whatever load the
    others are under, somebody who must stop a rollout gets through (R5.4).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer what suspends."""
        if _SUSPENDING.fullmatch(request.path):
            return self.get_response(request)
        portal = urlsplit(settings.PORTAL_URL)
        # On one machine the other processes are at another port of the name that was typed.
        host = request.get_host().partition(":")[0] if settings.SUSPEND_PORT else portal.hostname
        place = f"{host}:{portal.port}" if portal.port else host
        answer = HttpResponseRedirect(f"{portal.scheme}://{place}{request.get_full_path()}")
        answer.status_code = 307
        return answer


class RequestIdMiddleware:
    """Bind `request_id` to the log lines of one request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with `X-Request-ID`. An id that a log line could not carry safely is replaced."""
        request_id = request_id_of(request.headers.get("X-Request-ID", ""))
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class PageCompressionMiddleware(GZipMiddleware):
    """Send pages compressed; files, API answers and streams are their senders' business.

    Against BREACH each answer gets a random length (Django's own measure), the CSRF token is masked anew
    each time, and browsers send no session cookie with what other sites load.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress HTML that is sent whole."""
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return response if response.streaming or not is_page else super().process_response(request, response)


class PageRefusalsMiddleware:
    """Answer a refusal that no page tells of itself: a damaged address is the sender's mistake."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the page answer."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Turn a refusal into the page for its kind."""
        if not isinstance(exception, Refusal):
            return None
        if isinstance(exception, NotFound | BadCursor):
            return defaults.page_not_found(request, exception)
        if isinstance(exception, NotPermitted):
            return defaults.permission_denied(request, PermissionDenied(exception.message))
        return defaults.bad_request(request, exception)
