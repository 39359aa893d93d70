"""The call itself, as the log of a webhook keeps it: nothing is raised, whatever happens there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from django.conf import settings

from notifications.models import WebhookDelivery
from portal.kernel.outgoing import calls
from portal.kernel.outgoing.addresses import BadAddress
from portal.kernel.outgoing.waiting import seconds_requested

Outcome = WebhookDelivery.Outcome
EXCERPT: Final = 500
MOST_READ: Final = 16 * 1024
_LONGEST_ASKED: Final = 24 * 3600
NOT_NOW: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.GONE,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses that say nothing about what was sent: come again later, or never."""
_AGENT: Final = "firmware-portal-webhooks/1"


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """What came of a call."""

    outcome: WebhookDelivery.Outcome
    status: int | None = None
    duration: timedelta = timedelta(0)
    excerpt: str = ""
    problem: str = ""
    retry_after: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        """Return whether the receiver has taken it."""
        return self.outcome == Outcome.DELIVERED

    @property
    def is_final(self) -> bool:
        """Return whether the receiver wants no more, ever."""
        return self.status == HTTPStatus.GONE

    @property
    def is_about_content(self) -> bool:
        """Return whether the receiver may refuse an event, rather than any call just now."""
        is_error = self.status is not None and self.status >= HTTPStatus.BAD_REQUEST
        return is_error and self.status not in NOT_NOW


def call(url: str, *, body: bytes, headers: Mapping[str, str]) -> WebhookResponse:
    """Post a body to an address, and say what came of it."""
    began = time.monotonic()
    outcome, status, excerpt, problem, response = _posted(url, body, headers)
    taken = timedelta(seconds=time.monotonic() - began)
    return WebhookResponse(outcome, status, taken, excerpt, problem, response)


Said = tuple[WebhookDelivery.Outcome, int | None, str, str, timedelta | None]


def _posted(url: str, body: bytes, headers: Mapping[str, str]) -> Said:
    bounds = calls.CallLimits(settings.WEBHOOK_SECONDS, MOST_READ, settings.WEBHOOK_NETWORKS_INSIDE)
    try:
        called = calls.call("POST", url, body=body, headers={"User-Agent": _AGENT, **headers}, bounds=bounds)
    except BadAddress as blocked:
        return Outcome.BLOCKED, None, "", blocked.message, None
    except calls.CallTimedOut as late:
        return Outcome.TIMED_OUT, None, "", str(late), None
    except calls.CallFailed as problem:
        return Outcome.UNREACHABLE, None, "", _plain(str(problem))[:200], None
    excerpt = _plain(called.body[: 2 * EXCERPT].decode("utf-8", "replace"))[:EXCERPT]
    if HTTPStatus.OK <= called.status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome.DELIVERED, called.status, excerpt, "", None
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= called.status < HTTPStatus.BAD_REQUEST
    problem_told = "Redirects are not followed." if is_redirect else ""
    return Outcome.REFUSED, called.status, excerpt, problem_told, _retry_after(called)


def _retry_after(called: calls.Called) -> timedelta | None:
    seconds = seconds_requested(called.headers, most=_LONGEST_ASKED)
    return None if seconds is None else timedelta(seconds=seconds)


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
