"""One guard for every call to an address that somebody has typed.

The name is resolved once, every address it has is judged, and the connection goes to one that was judged: a
name server that answers otherwise the second time leads nowhere. A call ends after so many seconds as a
whole, however slowly the other side drips, and no more of an answer is read than was allowed for. Redirects
are not followed, and proxies of the environment not used.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import Final

import httpx

from portal.kernel.outgoing.addresses import check_resolved, check_url
from portal.kernel.transactions import outside_unit_of_work

_TRIED: Final = 3
_RESOLVERS: Final = 8


class CallTimedOut(OSError):
    """There was no whole answer in time."""


class CallFailed(OSError):
    """The other side was not reached, or broke off."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call may take as a whole, how much is read of its answer, which networks it may enter."""

    seconds: float
    most_bytes: int
    inside: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """What was answered; `is_cut` tells whether there was more."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool


@outside_unit_of_work
def call(method: str, url: str, *, body: bytes, headers: Mapping[str, str], bounds: CallLimits) -> Called:
    """Call an address once.

    Raises:
        BadAddress: it may not be called.
        CallTimedOut: there was no whole answer in time.
        CallFailed: it was not reached, or broke off.
    """
    check_url(url, inside=bounds.inside)
    return asyncio.run(_called(method, url, body, headers, bounds))


async def _called(
    method: str, url: str, body: bytes, headers: Mapping[str, str], bounds: CallLimits
) -> Called:
    try:
        async with asyncio.timeout(bounds.seconds):
            return await _exchanged(method, url, body, headers, bounds)
    except (TimeoutError, httpx.TimeoutException) as late:
        raise CallTimedOut(f"No answer within {bounds.seconds:g} s.") from late
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
        raise CallFailed(f"{type(problem).__name__}: {problem}".rstrip(": ")) from problem


async def _exchanged(
    method: str, url: str, body: bytes, headers: Mapping[str, str], bounds: CallLimits
) -> Called:
    transport = _Pinned(bounds.inside, seconds=bounds.seconds)
    own = {"Accept-Encoding": "identity", **headers}
    async with (
        httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=bounds.seconds
        ) as client,
        client.stream(method, url, content=body, headers=own) as response,
    ):
        beginning = b""
        async for piece in response.aiter_raw():
            beginning += piece
            if len(beginning) > bounds.most_bytes:
                break
        return Called(
            response.status_code,
            response.headers,
            beginning[: bounds.most_bytes],
            len(beginning) > bounds.most_bytes,
        )


class _Pinned(httpx.AsyncHTTPTransport):
    """Connects to an address of the host that was judged; its name stands in `Host` and in the handshake."""

    def __init__(self, inside: Sequence[str], *, seconds: float) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        self._inside = inside
        self._seconds = seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        addresses = await _resolved(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        check_resolved(addresses, is_plain=request.url.scheme == "http", inside=self._inside)
        failure: httpx.ConnectError | httpx.ConnectTimeout | None = None
        tried = addresses[:_TRIED]
        # One that is silent leaves time for the next, and for the answer.
        timeouts = {**request.extensions["timeout"], "connect": self._seconds / (len(tried) + 1)}
        for address in tried:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "timeout": timeouts, "sni_hostname": host},
            )
            try:
                return await super().handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
                failure = problem
        raise failure or httpx.ConnectError("The host has no address.")


def addresses_of(host: str, *, seconds: float) -> list[str]:
    """Return the addresses a name has, none where it has none or nobody says so in time."""
    try:
        places = _resolvers().submit(getaddrinfo, host, 443, 0, SOCK_STREAM).result(seconds)
    except (OSError, UnicodeError, TimeoutError):
        return []
    return list(dict.fromkeys(str(place[0]) for *_, place in places))


async def _resolved(host: str, port: int) -> list[str]:
    # In threads of our own: a name server that hangs must not hold up the end of the call.
    future = _resolvers().submit(getaddrinfo, host, port, 0, SOCK_STREAM)
    try:
        places = await asyncio.wrap_future(future)
    except (gaierror, UnicodeError) as unknown:
        raise httpx.ConnectError("The host is not known.") from unknown
    return list(dict.fromkeys(str(place[0]) for *_, place in places))


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
