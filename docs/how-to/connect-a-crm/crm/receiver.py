"""Receiving webhooks: check who speaks, keep what is said, then answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from crm.mirror import Mirror

TOLERANCE = 300
Told = Callable[[list[dict[str, Any]]], None]


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a call comes from the portal, and was made just now (Standard Webhooks)."""
    ident, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdecimal() or abs(time.time() - int(at)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{ident}.{at}.".encode() + body, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(digest).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given)


def server(mirror: Mirror, secrets: list[str], *, port: int, told: Told) -> ThreadingHTTPServer:
    """Make a server that keeps what is delivered; serve it with `serve_forever()`. Put TLS before it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            genuine = any(is_genuine(secret, headers, body) for secret in secrets)
            if genuine:
                told(mirror.take(json.loads(body), way="webhook"))
            self.send_response(204 if genuine else 401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
