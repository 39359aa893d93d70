"""The CSP interface over HTTP, and the simulator's own controls beside it. Plain ASGI: few routes."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from hubsim import truth
from hubsim.clock import iso
from hubsim.codes import HubCommandKind
from hubsim.commands import MalformedCommand, read_command
from hubsim.profile import MalformedProfile, Profile, preset, read_profile
from hubsim.simulator import HubSimulator

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MOST_BODY_BYTES: Final = 2_000_000
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class SimulatorResponse:
    """A response; its body in one piece or in many."""

    status: int
    body: bytes | Iterable[bytes] = b""
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpProblem(Exception):
    """A request that gets an RFC 9457 answer."""

    def __init__(self, status: int, code: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
        self.answer = SimulatorResponse(status, orjson.dumps(body), _PROBLEM, headers)


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler needs to know of a request."""

    query: Mapping[str, list[str]]
    body: bytes


class App:
    """The ASGI application. Whoever changes something shows one of the tokens; reading is free."""

    def __init__(self, simulator: HubSimulator, *, tokens: Iterable[str]) -> None:
        self._simulator = simulator
        self._tokens = tuple(tokens)
        self.routes: dict[str, dict[str, Callable[[Request], Awaitable[SimulatorResponse]]]] = {
            **{f"/commands/{kind.name.lower()}": {"POST": self._command(kind)} for kind in HubCommandKind},
            "/clock": {"GET": self._show_clock, "POST": self._set_clock},
            "/profile": {"GET": self._show_profile, "PUT": self._set_profile},
            "/truth": {"GET": self._truth},
            "/truth/hubs": {"GET": self._truth_hubs},
            "/stats": {"GET": self._stats},
            "/healthz": {"GET": self._healthz},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event, as ASGI says."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                answer = await self._respond(scope, receive)
            except HttpProblem as problem:
                answer = problem.answer
            await _send(answer, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._simulator.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._simulator.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _respond(self, scope: Scope, receive: Receive) -> SimulatorResponse:
        methods = self.routes.get(scope["path"])
        if methods is None:
            raise HttpProblem(404, "not_found", f"there is no {scope['path']}")
        handler = methods.get(scope["method"])
        if handler is None:
            raise HttpProblem(405, "method_not_allowed", f"only {', '.join(methods)}")
        if scope["method"] != "GET":
            self._check_token(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        return await handler(Request(query, await _read_body(receive)))

    def _check_token(self, scope: Scope) -> None:
        shown = dict(scope["headers"]).get(b"authorization", b"")
        if not any(hmac.compare_digest(shown, b"Bearer " + token.encode()) for token in self._tokens):
            raise HttpProblem(401, "unauthorised", "a bearer token is needed")

    def _command(self, kind: HubCommandKind) -> Callable[[Request], Awaitable[SimulatorResponse]]:
        async def handle(request: Request) -> SimulatorResponse:
            gateway = self._simulator.gateway
            if refusal := gateway.refusal():
                raise HttpProblem(
                    refusal.status, "not_now", "try again later", retry_after=refusal.retry_after
                )
            try:
                command = read_command(kind, request.body, now=self._simulator.clock.now())
            except MalformedCommand as error:
                raise HttpProblem(400, "malformed_command", str(error)) from error
            accepted = self._simulator.take(command)
            seconds, lost = gateway.answer(command.id)
            # Whatever becomes of the answer, the command has been taken: that is what its id is for.
            await asyncio.sleep(seconds)
            if lost:
                raise HttpProblem(500, "internal_error", "something went wrong")
            return SimulatorResponse(202, orjson.dumps({"command_id": command.id, "accepted": accepted}))

        return handle

    async def _show_clock(self, request: Request) -> SimulatorResponse:
        clock = self._simulator.clock
        return SimulatorResponse(200, orjson.dumps({"business_at": iso(clock.now()), "rate": clock.rate}))

    async def _set_clock(self, request: Request) -> SimulatorResponse:
        document = _read_json(request.body)
        self._simulator.clock.set(
            business_at=_read_time(document.get("business_at")), rate=_read_rate(document.get("rate"))
        )
        return await self._show_clock(request)

    async def _show_profile(self, request: Request) -> SimulatorResponse:
        return SimulatorResponse(
            200, orjson.dumps(self._simulator.world.profile.as_json(), option=orjson.OPT_INDENT_2)
        )

    async def _set_profile(self, request: Request) -> SimulatorResponse:
        try:
            profile = _read_named_profile(_read_json(request.body))
        except MalformedProfile as error:
            raise HttpProblem(400, "malformed_profile", str(error)) from error
        self._simulator.follow(profile)
        return await self._show_profile(request)

    async def _truth(self, request: Request) -> SimulatorResponse:
        if request.query.get("format") == ["csv"]:
            return await self._truth_hubs(request)
        return SimulatorResponse(200, orjson.dumps(self._simulator.truth()))

    async def _truth_hubs(self, request: Request) -> SimulatorResponse:
        changed_only = request.query.get("changed") == ["1"]
        return SimulatorResponse(
            200, truth.csv_chunks(self._simulator.world, changed_only=changed_only), "text/csv; charset=utf-8"
        )

    async def _stats(self, request: Request) -> SimulatorResponse:
        return SimulatorResponse(200, orjson.dumps(self._simulator.stats()))

    async def _healthz(self, request: Request) -> SimulatorResponse:
        return SimulatorResponse(200, b'{"status":"ok"}')


def new_run() -> int:
    """Return a number that tells the alerts of this run from those of another."""
    return secrets.randbits(63)


async def _read_body(receive: Receive) -> bytes:
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        piece = message.get("body", b"")
        size += len(piece)
        if size > MOST_BODY_BYTES:
            raise HttpProblem(413, "too_large", f"at most {MOST_BODY_BYTES:,} bytes")
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


async def _send(answer: SimulatorResponse, send: Send) -> None:
    headers = [(b"content-type", answer.content_type.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if isinstance(answer.body, bytes):
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    for piece in answer.body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HttpProblem(400, "malformed_json", str(error)) from error
    if not isinstance(document, dict):
        raise HttpProblem(400, "malformed_json", "an object is needed")
    return document


def _read_time(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise HttpProblem(400, "malformed_clock", "business_at: an ISO 8601 time with its zone is needed")
    return when


def _read_rate(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise HttpProblem(400, "malformed_clock", "rate: a number of at least 0 is needed")
    return float(value)


def _read_named_profile(document: dict[str, Any]) -> Profile:
    # A name alone asks for a profile that comes with the simulator.
    if set(document) == {"name"}:
        return preset(str(document["name"]))
    return read_profile(document)
