"""A CSP's service standing in for a real one: a small HTTP server that answers as it is told and remembers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCEPTED: tuple[int, dict[str, str]] = (202, {})


@dataclass
class StandIn:
    """What the CSP has been sent, and how it answers: `(status, headers)`, or None to hang up."""

    url: str = ""
    commands: list[dict] = field(default_factory=list)
    answers: Callable[[dict], tuple[int, dict[str, str]] | None] = lambda _command: ACCEPTED

    def ids(self) -> list[int]:
        """The ids of the commands in the order they came, repeats included."""
        return [command["command_id"] for command in self.commands]

    def hubs(self, kind: str = "") -> list[str]:
        """The hubs of every command (of a kind) that came."""
        return [hub for command in self.commands if kind in command["path"] for hub in command["hubs"]]


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """Run the service for the length of a test."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            command = {**json.loads(body), "path": self.path, "authorization": self.headers["Authorization"]}
            stand_in.commands.append(command)
            answer = stand_in.answers(command)
            if answer is None:
                self.close_connection = True
                return
            status, headers = answer
            payload = b"{}"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
