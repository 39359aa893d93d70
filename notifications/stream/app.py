"""The stream as an ASGI application: who may follow what, how many at a time, and the messages themselves.

`/stream` tells a page that something has changed, at most once a second; `/api/v1/events/stream` carries
every entry. A client that takes its messages slowly is sent them slowly: nothing is queued for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from io import BytesIO
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from structlog.contextvars import bound_contextvars

from notifications.stream import reading
from notifications.stream.addresses import PATH
from notifications.stream.feed_heads import FeedHeads
from notifications.stream.feeds import Feeds, StreamFilter
from notifications.stream.reading import ReaderThreads
from notifications.stream.subscribers import StreamRefused, Subscriber, check_origin, subscriber_of
from portal.events.kinds import KINDS_BY_PUBLIC_NAME
from portal.identity.api import challenge
from portal.identity.api_scopes import ApiScope
from portal.kernel.refusals import Refusal
from portal.middleware import request_id_of
from portal.problems import problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PAGES: Final = PATH
SYSTEMS: Final = "/api/v1/events/stream"
HEARTBEAT_SECONDS: Final = 15.0
CHECKED_EVERY: Final = 60.0
"""So often a seat is looked at in the database; in between as soon as access is said to have changed."""
LISTENS_EVERY: Final = 2.5
PAGES_TOLD_EVERY: Final = 1.0
TAKEN_WITHIN: Final = 60.0
_SKEW: Final = 1.0
_BEAT: Final = b": still here\n\n"
_CURSOR: Final = re.compile(r"[0-9]{1,18}")
_ID: Final = re.compile(r"[1-9][0-9]{0,9}")
log = structlog.get_logger(__name__)


class Stream:
    """One process's streams."""

    def __init__(self) -> None:
        self._callers: Counter[str] = Counter()
        self._organisations: Counter[int] = Counter()
        self._readers: ReaderThreads | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen to the broker for as long as the server runs."""
        self._readers = readers = ReaderThreads()
        self._rings = FeedHeads(settings.REDIS_URL, lambda: readers.run(reading.heads))
        self._feeds = Feeds(rings=self._rings, readers=readers)
        await self._rings.start()
        try:
            yield
        finally:
            await self._feeds.stop()
            await self._rings.stop()
            await readers.stop()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(ASGIRequest(dict(scope), BytesIO()), receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as failure:
            log.exception("stream.failed")
            await send({"type": "lifespan.startup.failed", "message": repr(failure)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: ASGIRequest, receive: Receive, send: Send) -> None:
        request_id = request_id_of(request.headers.get("X-Request-ID", ""))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        with bound_contextvars(request_id=request_id):
            await self._dispatch(request, receive, named)

    async def _dispatch(self, request: ASGIRequest, receive: Receive, send: Send) -> None:
        if request.path == "/livez":
            await _say(send, HttpResponse("alive\n", content_type="text/plain"))
        elif request.path not in {PAGES, SYSTEMS}:
            await _say(send, _no("not_found", 404, "There is no such stream.", request))
        elif request.method == "OPTIONS":
            await _say(send, _preflight(request))
        elif request.method != "GET":
            await _say(send, _no("method_not_allowed", 405, "A stream is only read.", request))
        else:
            await self._open(request, receive, send)

    async def _open(self, request: ASGIRequest, receive: Receive, send: Send) -> None:
        assert self._readers is not None, "the server runs with --lifespan=on"  # noqa: S101
        try:
            seat = await self._readers.run(subscriber_of, request)
            with self._room_for(seat):
                await self._follow(request, seat, self._readers, receive, send)
        except StreamRefused as refused:
            await _say(send, _no(refused.code, refused.status, refused.detail, request))
        except SuspiciousOperation as hostile:  # such as thousands of parameters
            await _say(send, _no("bad_input", 400, str(hostile)[:200] or "This cannot be read.", request))
        except Refusal as refusal:
            await _say(send, _no(refusal.code, refusal.status, refusal.message, request, refusal.facts))

    async def _follow(
        self, request: ASGIRequest, seat: Subscriber, readers: ReaderThreads, receive: Receive, send: Send
    ) -> None:
        _check_query(request)
        wanted = _wanted(request)
        start = await readers.run(reading.position_of, seat.scope, _cursor(request))
        client = _Client(request, seat, send, readers, self._rings)
        await client.begin()
        messages = self._changes(client) if request.path == PAGES else self._entries(client, start, wanted)
        await _until_gone(messages, receive)
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    @contextlib.contextmanager
    def _room_for(self, seat: Subscriber) -> Iterator[None]:
        """Hold a place from the look whether there is one: many who come at once are counted one by one.

        Raises:
            Refused: there is none.
        """
        if self._callers.total() >= settings.STREAM_CLIENTS:
            raise StreamRefused("no_room", 503, "This server has as many streams as it holds. Try again.")
        if self._callers[seat.caller] >= settings.STREAM_CLIENTS_OF_ONE:
            raise StreamRefused(
                "too_many_streams", 429, "You follow too many streams at once. End one first."
            )
        organisation = seat.scope.organisation_id
        if self._organisations[organisation] >= settings.STREAM_CLIENTS_OF_ORGANISATION:
            raise StreamRefused(
                "too_many_streams", 429, "Your organisation follows too many streams at once. End one first."
            )
        self._callers[seat.caller] += 1
        self._organisations[organisation] += 1
        try:
            yield
        finally:
            self._callers[seat.caller] -= 1
            self._organisations[organisation] -= 1
            self._callers += Counter()  # forget those with none
            self._organisations += Counter()

    async def _changes(self, client: _Client) -> None:
        """Tell a page that something of its own has changed, as often as it can make use of."""
        party = client.seat.watched
        with self._rings.waiting(party) as moved:
            if self._rings.has_moved_since(party, _rendered_at(client.request) - _SKEW):
                moved.set()
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(moved.wait(), client.patience)
                if moved.is_set():
                    moved.clear()
                    head, at = self._rings.head(party), int(time.time() * 1000)
                    await client.send(b'id: %d\nevent: changed\ndata: {"head": %d}\n\n' % (at, head))
                    await asyncio.sleep(PAGES_TOLD_EVERY)
                if not await client.is_still_there():
                    return

    async def _entries(self, client: _Client, start: int, wanted: StreamFilter) -> None:
        """Send every entry after the cursor, in order."""
        position = start
        async with self._feeds.of(client.seat.scope) as feed:
            while True:
                if entries := await feed.after(position):
                    position = entries[-1][0]
                    if text := wanted.messages(entries):
                        await client.send(text)
                else:
                    await feed.wait(position, seconds=client.patience)
                mark = b'id: %d\nevent: head\ndata: {"head": %d}\n\n' % (position, position)
                if not await client.is_still_there(mark if wanted else _BEAT):
                    return


class _Client:
    """One open stream."""

    def __init__(
        self, request: ASGIRequest, seat: Subscriber, send: Send, readers: ReaderThreads, heads: FeedHeads
    ) -> None:
        self.request = request
        self._heads = heads
        self._access = heads.access(seat.scope.organisation_id)
        self.seat = seat
        self._send = send
        self._readers = readers
        self._sent_at = time.monotonic()
        # Those who came at once, after a restart, are not all looked at at once again.
        self._check_at = self._sent_at + CHECKED_EVERY * random.uniform(0.5, 1)  # noqa: S311

    @property
    def patience(self) -> float:
        """So many seconds until there is something to do in any case."""
        now = time.monotonic()
        due = min(self._sent_at + HEARTBEAT_SECONDS, self._check_at) - now
        return max(0.05, min(due, LISTENS_EVERY))

    async def begin(self) -> None:
        """Answer that a stream follows, and after how long to come again when it ends."""
        headers = {
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            **_cors(self.request),
        }
        await _start(self._send, 200, headers)
        await self.send(b"retry: %d\n\n" % random.randint(1_000, 3_000))  # noqa: S311

    async def send(self, text: bytes) -> None:
        """Send; wait until it is taken.

        Raises:
            TimeoutError: it is not, for a minute.
        """
        message = {"type": "http.response.body", "body": text, "more_body": True}
        await asyncio.wait_for(self._send(message), TAKEN_WITHIN)
        self._sent_at = time.monotonic()

    async def is_still_there(self, beat: bytes = _BEAT) -> bool:
        """Send a sign of life when it is time, and look when it is time whether the seat still counts."""
        now = time.monotonic()
        access = self._heads.access(self.seat.scope.organisation_id)
        if now >= self._check_at or access != self._access:
            self._access = access
            self._check_at = now + CHECKED_EVERY
            try:
                seat = await self._readers.run(subscriber_of, self.request)
            except StreamRefused:
                return False
            if seat != self.seat:
                return False
        if now - self._sent_at >= HEARTBEAT_SECONDS:
            await self.send(beat)
        return True


async def _until_gone(messages: Awaitable[None], receive: Receive) -> None:
    """Tell until there is nothing more to tell, or nobody to tell it to."""
    telling = asyncio.ensure_future(messages)
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telling.cancel()
        leaving.cancel()
        ended = await asyncio.gather(telling, leaving, return_exceptions=True)
    if isinstance(ended[0], Exception) and not isinstance(ended[0], OSError | TimeoutError | Refusal):
        log.error("stream.broken", exc_info=ended[0])


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _cursor(request: ASGIRequest) -> str:
    """Return where to go on: what the client has had last, else what it asks for."""
    if request.path == PAGES:  # whose ids are moments
        return ""
    cursor = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    if cursor in {"", "now"}:
        return ""
    if not _CURSOR.fullmatch(cursor):
        raise StreamRefused("bad_cursor", 422, "A cursor is the position of an entry.")
    return cursor


def _check_query(request: ASGIRequest) -> None:
    """Refuse what would not be heeded; pages of the portal know what they ask for."""
    if request.path == PAGES:
        return
    if unknown := sorted(set(request.GET) - {"after", "kinds", "rollout_id"}):
        raise StreamRefused("invalid_input", 422, f"There is no such parameter: {unknown[0][:60]}.")
    for name in ("after", "rollout_id"):
        if len(request.GET.getlist(name)) > 1:
            raise StreamRefused("invalid_input", 422, f"Give `{name}` once.")


def _wanted(request: ASGIRequest) -> StreamFilter:
    names = [name for names in request.GET.getlist("kinds") for name in names.split(",") if name]
    if unknown := [name for name in names if name not in KINDS_BY_PUBLIC_NAME]:
        raise StreamRefused("invalid_input", 422, f"There is no such kind: {unknown[0][:60]}.")
    rollout = request.GET.get("rollout_id")
    if rollout is not None and not _ID.fullmatch(rollout):
        raise StreamRefused("invalid_input", 422, "`rollout_id` is the number of a rollout.")
    kinds = frozenset(KINDS_BY_PUBLIC_NAME[name] for name in names)
    return StreamFilter(kinds, None if rollout is None else int(rollout))


def _rendered_at(request: ASGIRequest) -> float:
    """Return when the page last read what it shows, in seconds."""
    since = request.headers.get("Last-Event-ID") or request.GET.get("since", "")
    return int(since) / 1000 if _CURSOR.fullmatch(since) else time.time()


def _cors(request: ASGIRequest) -> dict[str, str]:
    origin = request.headers.get("Origin", "")
    if not origin:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin",
    }


def _preflight(request: ASGIRequest) -> HttpResponse:
    try:
        check_origin(request)
    except StreamRefused as refused:
        return _no(refused.code, refused.status, refused.detail, request)
    allowed = {
        "Access-Control-Allow-Methods": "GET",
        "Access-Control-Allow-Headers": "Authorization, Cache-Control, Last-Event-ID",
        "Access-Control-Max-Age": "600",
    }
    return HttpResponse(status=204, headers={**_cors(request), **allowed})


def _no(code: str, status: int, detail: str, request: ASGIRequest, facts: Any = None) -> HttpResponse:
    headers = {}
    if status in {401, 403}:
        scope = ApiScope.EVENTS_READ.value if code == "insufficient_scope" else ""
        headers["WWW-Authenticate"] = challenge(code, scope=scope)
    if status in {429, 503}:
        headers["Retry-After"] = "5"
    return problem(
        code=code, status=status, detail=detail, instance=request.path, headers=headers, more=facts
    )


async def _say(send: Send, answer: HttpResponse) -> None:
    headers = {name: str(value) for name, value in answer.items()}
    await _start(send, answer.status_code, {**headers, "Content-Length": str(len(answer.content))})
    await send({"type": "http.response.body", "body": answer.content})


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
