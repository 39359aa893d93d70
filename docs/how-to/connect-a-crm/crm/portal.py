"""The portal over HTTP: tokens, the estate, the feed by page and by stream, and instructions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

Event = dict[str, Any]
AGAIN = {429, 502, 503, 504}
TRIES = 5


class CursorExpired(Exception):
    """The feed no longer keeps what follows the cursor: the estate has to be read afresh."""


class Portal:
    """One system's access to the portal. A token lasts minutes: a new one is fetched when it is needed."""

    def __init__(self, url: str, client_id: str, secret: str, *, stream_url: str = "") -> None:
        self.url = url.rstrip("/")
        self.stream_url = (stream_url or url).rstrip("/")
        self.credentials = {"client_id": client_id, "client_secret": secret}
        self.http = httpx.Client(timeout=60)
        self.token = ""
        self.token_until = 0.0

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()

    def estate(self) -> Iterator[dict[str, Any]]:
        """Yield every hub of ours, one by one, however many there are."""
        headers = {**self.headers(), "Accept": "application/x-ndjson", "Accept-Encoding": "gzip"}
        with self.http.stream("GET", f"{self.url}/api/v1/estate", headers=headers) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                yield json.loads(line)

    def events(self, after: int | str, *, wait: int = 0) -> dict[str, Any]:
        """Return what follows a position; with `wait`, as soon as there is something."""
        return dict(self.call("GET", "/api/v1/events", params={"after": after, "wait": wait}))

    def stream(self, after: int, *, timeout: float = 60) -> Iterator[Event | None]:
        """Yield events as they happen, and None for a sign of life, until the portal ends the stream."""
        headers = {**self.headers(), "Last-Event-ID": str(after)}
        address = f"{self.stream_url}/api/v1/events/stream"
        with self.http.stream("GET", address, headers=headers, timeout=timeout) as answer:
            if answer.status_code == httpx.codes.GONE:
                raise CursorExpired
            answer.raise_for_status()
            for line in answer.iter_lines():
                if line.startswith('data: {"specversion"'):
                    yield json.loads(line.removeprefix("data: "))
                elif line.startswith(":"):
                    yield None

    def eligible(self, rollout_id: int) -> Iterator[dict[str, Any]]:
        """Yield our hubs that a rollout is for."""
        path = f"/api/v1/rollouts/{rollout_id}/eligible-hubs?limit=1000"
        while path:
            page = self.call("GET", path)
            yield from page["items"]
            following = urlsplit(page["next"] or "")  # under the portal's own name, whatever we call it
            path = following.path and f"{following.path}?{following.query}"

    def instruct(self, rollout_id: int, guids: list[str], *, key: str) -> dict[str, Any]:
        """Have hubs updated as soon as possible; asked twice under one key, it is done once."""
        body = {"kind": "INSTRUCT", "guids": guids}
        path = f"/api/v1/rollouts/{rollout_id}/instructions"
        return dict(self.call("POST", path, json=body, headers={"Idempotency-Key": key}))

    def call(self, method: str, path: str, **more: Any) -> Any:
        """Call the portal; wait and try again where that may help."""
        own = more.pop("headers", {})
        for attempt in range(TRIES):
            answer = self.http.request(method, self.url + path, headers={**self.headers(), **own}, **more)
            if answer.status_code == httpx.codes.GONE:
                raise CursorExpired
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self.token_until = 0
            elif answer.status_code not in AGAIN:
                break
            time.sleep(float(answer.headers.get("Retry-After", 2**attempt / 4)))
        answer.raise_for_status()
        return answer.json()

    def headers(self) -> dict[str, str]:
        """Return the header that says who we are."""
        if time.monotonic() > self.token_until:
            form = {"grant_type": "client_credentials", **self.credentials}
            answer = self.http.post(f"{self.url}/oauth/token", data=form).raise_for_status().json()
            self.token = answer["access_token"]
            self.token_until = time.monotonic() + answer["expires_in"] - 30
        return {"Authorization": f"Bearer {self.token}"}
