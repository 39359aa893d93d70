"""The call itself: to an address that was judged, within so many seconds as a whole, and no further.

Redirects are not followed, proxies of the environment not used, and only the beginning of an answer is read.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import Final

import httpx
from django.conf import settings

from notifications.models import WebhookDelivery
from notifications.webhooks.addresses import BadAddress, check_resolved, check_url
from portal.kernel.transactions import outside_unit_of_work

Outcome = WebhookDelivery.Outcome
EXCERPT: Final = 500
MOST_READ: Final = 16 * 1024
GONE: Final = 410
_TRIED: Final = 3
_LONGEST_ASKED: Final = 24 * 3600
_MOST_DIGITS: Final = 7
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
        """Tell whether the receiver has taken it."""
        return self.outcome == Outcome.DELIVERED

    @property
    def is_final(self) -> bool:
        """Tell whether the receiver wants no more, ever."""
        return self.status == GONE


@outside_unit_of_work
def call(url: str, *, body: bytes, headers: Mapping[str, str]) -> WebhookResponse:
    """Post a body to an address, and say what came of it; nothing is raised, whatever happens there."""
    began = time.monotonic()
    outcome, status, excerpt, problem, response = asyncio.run(_posted(url, body, headers))
    taken = timedelta(seconds=time.monotonic() - began)
    return WebhookResponse(outcome, status, taken, excerpt, problem, response)


Said = tuple[WebhookDelivery.Outcome, int | None, str, str, timedelta | None]


async def _posted(url: str, body: bytes, headers: Mapping[str, str]) -> Said:
    try:
        check_url(url, inside=settings.WEBHOOK_NETWORKS_INSIDE)
        async with asyncio.timeout(settings.WEBHOOK_SECONDS):
            return await _post(url, body, headers)
    except BadAddress as blocked:
        return Outcome.BLOCKED, None, "", blocked.message, None
    except (TimeoutError, httpx.TimeoutException):
        return Outcome.TIMED_OUT, None, "", f"No answer within {settings.WEBHOOK_SECONDS:g} s.", None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
        words = f"{type(problem).__name__}: {problem}".rstrip(": ")
        return Outcome.UNREACHABLE, None, "", _plain(words)[:200], None


async def _post(url: str, body: bytes, headers: Mapping[str, str]) -> Said:
    transport = _PinnedTransport(verify=_tls(), trust_env=False)
    own = {"User-Agent": _AGENT, "Accept-Encoding": "identity", **headers}
    async with (
        httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=settings.WEBHOOK_SECONDS
        ) as client,
        client.stream("POST", url, content=body, headers=own) as response,
    ):
        beginning = b""
        async for piece in response.aiter_raw():
            beginning += piece
            if len(beginning) >= MOST_READ:
                break
        excerpt = _plain(beginning[: 2 * EXCERPT].decode("utf-8", "replace"))[:EXCERPT]
        if response.is_success:
            return Outcome.DELIVERED, response.status_code, excerpt, "", None
        problem = "Redirects are not followed." if response.is_redirect else ""
        return Outcome.REFUSED, response.status_code, excerpt, problem, _retry_after(response)


class _PinnedTransport(httpx.AsyncHTTPTransport):
    """Connects to an address of the host that was judged; its name stands in `Host` and in the handshake."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        addresses = await _resolved(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        inside = settings.WEBHOOK_NETWORKS_INSIDE
        check_resolved(addresses, is_plain=request.url.scheme == "http", inside=inside)
        failure: httpx.ConnectError | None = None
        for address in addresses[:_TRIED]:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await super().handle_async_request(pinned)
            except httpx.ConnectError as problem:
                failure = problem
        raise failure or httpx.ConnectError("The host has no address.")


async def _resolved(host: str, port: int) -> list[str]:
    # In threads of our own: a name server that hangs must not hold up the end of the call.
    future = _resolvers().submit(getaddrinfo, host, port, 0, SOCK_STREAM)
    try:
        addresses = await asyncio.wrap_future(future)
    except (gaierror, UnicodeError) as unknown:
        raise httpx.ConnectError("The host is not known.") from unknown
    return list(dict.fromkeys(str(place[0]) for *_, place in addresses))


def _retry_after(response: httpx.Response) -> timedelta | None:
    header = response.headers.get("Retry-After", "")
    if not header.isdecimal() or len(header) > _MOST_DIGITS:
        return None
    return timedelta(seconds=min(int(header), _LONGEST_ASKED))


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="webhook-resolver")
