"""Give each request an id: in its answer, in every line it logs, and from the proxy if it brings one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponseBase

_ACCEPTED: Final = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")


def request_id_of(offered: str) -> str:
    """Return the id a request came with, if it is of 1 to 128 printable ASCII characters; else a new one."""
    return offered if _ACCEPTED.fullmatch(offered) else uuid.uuid4().hex


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
