"""Receiving webhooks: check who calls, keep what is said, then answer."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from firmware_portal import NotGenuine, Webhook

from crm.following import OnEvents
from crm.mirror import Mirror


def server(mirror: Mirror, secrets: list[str], *, port: int, on_events: OnEvents) -> ThreadingHTTPServer:
    """Make a server that keeps what is delivered; serve it with `serve_forever()`. Put TLS before it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                events = Webhook(secrets).events(dict(self.headers), body)
            except NotGenuine:
                self.send_response(401)
            else:
                on_events(mirror.take(events, way="webhook"))
                self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
