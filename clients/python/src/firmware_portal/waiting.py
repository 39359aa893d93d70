"""Waiting, where waiting helps: 429 and 503 with `Retry-After`, and requests that are safe to send again."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

log = logging.getLogger("firmware_portal")
KEY: Final = "Idempotency-Key"
_SAFE: Final = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
_GATEWAY: Final = {502, 503, 504}
_LONGEST: Final = 30.0


class PatientTransport(httpx.BaseTransport):
    """Sends a request again while that may help, for `patience` seconds at most; then the answer stands.

    After 429 the portal has done nothing, so anything may be sent again. After a lost connection, 502, 503
    and 504 only what is safe to repeat is: reads, and requests with an `Idempotency-Key`.
    """

    def __init__(self, inner: httpx.BaseTransport, *, patience: float) -> None:
        self._inner = inner
        self._patience = patience
        self._closing = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and again after a while."""
        ends = time.monotonic() + self._patience
        attempt = 0
        while True:
            response, lost = self._try(request)
            pause = pause_after(response, attempt)
            is_over = not _may_help(request, response) or time.monotonic() + pause > ends
            is_over |= self._closing.is_set()
            if is_over and lost is not None:
                raise lost
            if response is not None:
                if is_over:
                    return response
                response.close()
            why = response.status_code if response is not None else lost
            log.warning("%s %s: %s, again in %.1f s", request.method, request.url.path, why, pause)
            self._closing.wait(pause)
            attempt += 1

    def _try(self, request: httpx.Request) -> tuple[httpx.Response | None, httpx.TransportError | None]:
        try:
            return self._inner.handle_request(request), None
        except httpx.TransportError as failure:
            return None, failure

    def close(self) -> None:
        """Let go of the connections, and wait for nothing any more."""
        self._closing.set()
        self._inner.close()


class AsyncPatientTransport(httpx.AsyncBaseTransport):
    """The same for tasks of an event loop."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, patience: float) -> None:
        self._inner = inner
        self._patience = patience

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and again after a while."""
        ends = time.monotonic() + self._patience
        attempt = 0
        while True:
            response: httpx.Response | None = None
            lost: httpx.TransportError | None = None
            try:
                response = await self._inner.handle_async_request(request)
            except httpx.TransportError as failure:
                lost = failure
            pause = pause_after(response, attempt)
            is_over = not _may_help(request, response) or time.monotonic() + pause > ends
            if is_over and lost is not None:
                raise lost
            if response is not None:
                if is_over:
                    return response
                await response.aclose()
            why = response.status_code if response is not None else lost
            log.warning("%s %s: %s, again in %.1f s", request.method, request.url.path, why, pause)
            await asyncio.sleep(pause)
            attempt += 1

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._inner.aclose()


def pause_after(response: httpx.Response | None, attempt: int) -> float:
    """Return for how many seconds to wait: as long as the answer says, else a little longer each time."""
    said = response.headers.get("Retry-After", "") if response is not None else ""
    if said.isdecimal():
        return float(said)
    with suppress(ValueError):
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    return min(2.0**attempt / 4, _LONGEST) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads callers


def _may_help(request: httpx.Request, response: httpx.Response | None) -> bool:
    if response is not None and response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    if response is not None and response.status_code not in _GATEWAY:
        return False
    return request.method in _SAFE or KEY in request.headers
