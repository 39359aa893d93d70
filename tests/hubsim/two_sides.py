"""Both ends of the CSP interface as a test holds them: a simulator, and a little portal to post to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import orjson
import uvicorn

from hubsim.server import App


@dataclass
class LittlePortal:
    """Keeps the alerts it is posted. `answers` are given first, one a post; then it takes everything."""

    posts: list[tuple[str, str, list[dict]]] = field(default_factory=list)
    answers: list[tuple[int, dict[bytes, bytes]]] = field(default_factory=list)
    url: str = ""

    @property
    def alerts(self) -> list[dict]:
        return [alert for _, _, alerts in self.posts for alert in alerts]

    def codes(self) -> Counter[str]:
        return Counter(alert["code"] for alert in self.alerts)

    async def __call__(self, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, headers = self.answers.pop(0) if self.answers else (202, {})
        if status < 300:
            sent = dict(scope["headers"])
            lines = [orjson.loads(line) for line in body.splitlines()]
            self.posts.append((sent[b"authorization"].decode(), sent[b"content-type"].decode(), lines))
            assert scope["path"] == "/csp/v1/alerts"
        await send({"type": "http.response.start", "status": status, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": b""})


@contextlib.contextmanager
def serving(app, *, lifespan: str) -> Iterator[str]:
    """Serve an ASGI application from a thread; yield its URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, ws="none", lifespan=lifespan, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        until(lambda: server.started, within=10)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def until(holds: Callable[[], object], *, within: float = 20) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@dataclass
class Side:
    """Both ends of the interface, as a test holds them."""

    app: App
    http: httpx.Client
    portal: LittlePortal

    def send(self, verb: str, hubs: list[str], *, command_id: str | int, **more) -> httpx.Response:
        body = {"command_id": command_id, "hubs": hubs, **more}
        return self.http.post(f"/commands/{verb}", json=body)

    def truth(self) -> dict:
        return self.http.get("/truth").json()

    def quiet(self) -> None:
        """Wait until everything that has begun has ended."""
        until(lambda: self.truth()["quiet"])
