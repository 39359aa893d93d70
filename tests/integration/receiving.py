"""A receiver of webhooks as an organisation might run it: checks each signature with the independent library."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import standardwebhooks


@dataclass
class Receiver:
    """What arrived, and how it is answered: `answer` gets the number of the call and returns a status;
    a batch with the event `refuses` gets 422."""

    url: str = ""
    secret: str = ""
    answer: Callable[[int], int] = lambda _number: 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    read: Callable[[bytes], list[Any]] = json.loads
    hangs: float = 0.0
    refuses: int | None = None
    calls: int = 0
    batches: list[list[Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    told: list[dict[str, str]] = field(default_factory=list)

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Check a call and keep what it brought, if it is answered by a success."""
        self.calls += 1
        self.told.append(headers)
        self.ids.append(headers["webhook-id"])
        if self.secret:
            self._check(body, headers)
        batch = self.read(body)
        is_refused = self.refuses is not None and str(self.refuses) in {event["id"] for event in batch}
        status = 422 if is_refused else self.answer(self.calls)
        if 200 <= status < 300:
            self.batches.append(batch)
        return status

    def _check(self, body: bytes, headers: dict[str, str]) -> None:
        hook = standardwebhooks.Webhook(self.secret)
        if headers["content-type"] == "application/xml":  # `verify` of the library reads JSON alone
            at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            assert hook.sign(headers["webhook-id"], at, body.decode()) in headers["webhook-signature"].split()
        else:
            hook.verify(body, headers)

    @property
    def positions(self) -> list[int]:
        """The positions of the entries that were taken, in order of arrival."""
        return [int(event["id"]) for batch in self.batches for event in batch if event["id"].isdigit()]


@contextmanager
def receiving(**how: Any) -> Iterator[Receiver]:
    """Have a receiver on a port of this machine."""
    receiver = Receiver(**how)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.hangs:
                time.sleep(receiver.hangs)
            status = receiver.take(body, {name.lower(): value for name, value in self.headers.items()})
            self.send_response_only(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.body) if status != 204 else 0))
            self.end_headers()
            if status != 204:
                self.wfile.write(receiver.body)

        def log_message(self, *_: Any) -> None:
            """Return nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
