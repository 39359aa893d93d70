"""Alerts on their way to the portal: in batches, a few posts at a time, again until they are taken."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import numpy as np

from hubsim.alerts import Alerts
from hubsim.codes import CSPS, Csp

PATH: Final = "/csp/v1/alerts"
MOST_LINES: Final = 10_000
POSTS_IN_FLIGHT: Final = 4
_SHORTEST_PAUSE: Final = 0.05
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 15.0
_TIMEOUT: Final = 30.0


@dataclass(slots=True)
class PostCounts:
    """What has been posted so far."""

    alerts: int = 0
    posts: int = 0
    failed_posts: int = 0
    in_flight: int = 0
    last_error: str = ""
    by_csp: dict[str, int] = field(default_factory=lambda: {csp.value: 0 for csp in CSPS})


class PostOffice:
    """Posts alerts to the portal under the token of the CSP that serves the hub, each at least once."""

    def __init__(
        self,
        *,
        portal_url: str,
        tokens: Mapping[Csp, str],
        write: Callable[[Alerts], bytes],
        held_for: Callable[[], float],
    ) -> None:
        self.counts = PostCounts()
        self._url = portal_url.rstrip("/") + PATH
        self._tokens = tokens
        self._write = write
        self._held_for = held_for
        self._queues: dict[Csp, deque[Alerts]] = {csp: deque() for csp in CSPS}
        self._sizes = dict.fromkeys(CSPS, 0)
        self._filled = asyncio.Event()

    @property
    def unsent(self) -> int:
        """How many alerts have not been taken by the portal yet."""
        return sum(self._sizes.values()) + self.counts.in_flight

    def put(self, alerts: Alerts) -> None:
        """Queue alerts for their CSPs."""
        for place, csp in enumerate(CSPS):
            mine = alerts[alerts["csp"] == place]
            if len(mine):
                self._queues[csp].append(mine)
                self._sizes[csp] += len(mine)
        self._filled.set()

    async def run(self) -> None:
        """Post until cancelled."""
        limits = httpx.Limits(max_connections=POSTS_IN_FLIGHT, max_keepalive_connections=POSTS_IN_FLIGHT)
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, limits=limits, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(POSTS_IN_FLIGHT):
                group.create_task(self._post_for_ever(client))

    async def _post_for_ever(self, client: httpx.AsyncClient) -> None:
        while True:
            csp = max(self._sizes, key=self._sizes.__getitem__)
            if not self._sizes[csp]:
                self._filled.clear()
                await self._filled.wait()
                continue
            batch = self._take(csp)
            self.counts.in_flight += len(batch)
            await self._post(client, csp, batch)
            self.counts.in_flight -= len(batch)

    def _take(self, csp: Csp) -> Alerts:
        queue, taken, room = self._queues[csp], [], MOST_LINES
        while queue and room:
            head = queue.popleft()
            if len(head) > room:
                queue.appendleft(head[room:])
                head = head[:room]
            taken.append(head)
            room -= len(head)
        batch = np.concatenate(taken)
        self._sizes[csp] -= len(batch)
        return batch

    async def _post(self, client: httpx.AsyncClient, csp: Csp, batch: Alerts) -> None:
        body = self._write(batch)
        headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {self._tokens[csp]}"}
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(self._held_for())
            self.counts.posts += 1
            refused, wait = await self._try(client, headers, body)
            if not refused:
                break
            self.counts.failed_posts += 1
            self.counts.last_error = refused
            await asyncio.sleep(pause if wait is None else max(wait, _SHORTEST_PAUSE))
            pause = min(pause * 2, _LONGEST_PAUSE)
        self.counts.alerts += len(batch)
        self.counts.by_csp[csp.value] += len(batch)

    async def _try(
        self, client: httpx.AsyncClient, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, float | None]:
        try:
            answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return f"{datetime.now(UTC).isoformat()} {type(error).__name__}: {error}", None
        if answer.is_success:
            return "", None
        problem = f"{datetime.now(UTC).isoformat()} {answer.status_code}: {answer.text[:200]}"
        return problem, read_retry_after(answer.headers.get("Retry-After"), now=time.time())


def read_retry_after(value: str | None, *, now: float) -> float | None:
    """Read a Retry-After header, in seconds or as a date; None if there is none to be understood."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None
