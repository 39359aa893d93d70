"""The CSPs over HTTP: one bounded call a command, under an id they honour once.

The interface is described in `docs/reference/csp-interface.md`.
"""

from __future__ import annotations

import time
from datetime import UTC
from http import HTTPStatus
from typing import Final

import httpx
import orjson
from django.conf import settings

from portal.kernel import guid
from portal.kernel.outgoing.waiting import seconds_requested
from rollouts.ports import CspCommand, CspReply, CspRoute, SendOutcome
from rollouts.states import CommandKind

PATHS: Final = {
    CommandKind.DISTRIBUTE: "/commands/distribute",
    CommandKind.ACTIVATE: "/commands/activate",
    CommandKind.CANCEL: "/commands/cancel",
    CommandKind.READ: "/commands/read",
}
_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
# Wrong address or wrong token: our mistake about the CSP, nothing a hub should be blamed for.
_MISDIRECTED: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
)
_NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_TOLD: Final = 2_000
_LONGEST_ANSWER: Final = 64 * 1024
_LONGEST_RETRY_AFTER: Final = 24 * 3600.0


class HttpHubNetwork:
    """One CSP behind its address and token; keeps its connections."""

    def __init__(self, route: CspRoute, *, seconds: float) -> None:
        """Bound every call by so many seconds: a halt waits no longer than that."""
        self._seconds = seconds
        self._client = httpx.Client(
            base_url=route.base_url,
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {route.token}"} if route.token else {}),
            timeout=httpx.Timeout(seconds / 2, connect=min(5.0, seconds / 4)),
            limits=httpx.Limits(max_keepalive_connections=4),
            trust_env=False,
        )

    def send(self, order: CspCommand) -> CspReply:
        """Hand over one command; what the network does becomes a reply, never an exception."""
        try:
            return self._post(PATHS[order.kind], body_of(order))
        except _NEVER_LEFT as error:
            return CspReply(SendOutcome.NOT_REACHED, _words(error))
        except httpx.HTTPError as error:
            return CspReply(SendOutcome.UNKNOWN, _words(error))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, path: str, body: bytes) -> CspReply:
        # A timeout of httpx bounds one wait, not their sum: a CSP that drips its answer must not hold a halt.
        ends = time.monotonic() + self._seconds
        with self._client.stream("POST", path, content=body) as response:
            text = b""
            for block in response.iter_bytes():
                text += block
                if len(text) > _LONGEST_ANSWER or time.monotonic() > ends:
                    break
        if response.is_success:
            return CspReply(SendOutcome.ACCEPTED)
        words = text[:_TOLD].decode(errors="replace").replace("\x00", "")  # which PostgreSQL could not keep
        problem = f"{response.status_code}: {words}"
        return CspReply(
            _outcome_of(response.status_code),
            problem,
            seconds_requested(response.headers, most=_LONGEST_RETRY_AFTER),
        )


_networks: Final[dict[CspRoute, HttpHubNetwork]] = {}


def network_of(route: CspRoute) -> HttpHubNetwork:
    """Return the way to a CSP; one a route and process, so that connections are kept."""
    if route not in _networks:
        _networks[route] = HttpHubNetwork(route, seconds=settings.CSP_TIMEOUT_SECONDS)
    return _networks[route]


def close_networks() -> None:
    """Close every connection of this process."""
    while _networks:
        _networks.popitem()[1].close()


def body_of(order: CspCommand) -> bytes:
    """Write a command as the CSP interface has it."""
    document: dict[str, object] = {"command_id": order.command_id, "hubs": guid.format_many(order.guids)}
    if order.image:
        document["image"] = {
            "manufacturer": order.image.manufacturer,
            "model": order.image.model,
            "version": order.image.version,
            "hash": order.image.sha256,
        }
    if order.execute_at:
        document["execute_at"] = order.execute_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return orjson.dumps(document)


def _outcome_of(status: int) -> SendOutcome:
    if status in _BUSY:
        return SendOutcome.BUSY
    if status in _MISDIRECTED:
        return SendOutcome.NOT_REACHED
    is_our_fault = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return SendOutcome.REFUSED if is_our_fault else SendOutcome.UNKNOWN


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_TOLD]
