"""The portal for programs with an event loop: the same operations, awaited."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

import httpx

from firmware_portal.access import AsyncClientCredentials, Secret
from firmware_portal.following import Batch, Cursor
from firmware_portal.generated import AuthenticatedClient
from firmware_portal.generated.api.events import list_events
from firmware_portal.generated.api.instructions import get_instruction
from firmware_portal.generated.models import (
    DryRun,
    EligibleHubRow,
    EstateHub,
    Instruction,
    Problem,
    Rejection,
)
from firmware_portal.hub_lists import Hubs, async_body_of, content_type_of
from firmware_portal.portal import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Page,
    Row,
    cursor_in,
    known,
    moment,
    new_key,
)
from firmware_portal.refusals import refusal
from firmware_portal.waiting import KEY, AsyncPatientTransport

T = TypeVar("T")
_SHORTEST = 1.0


class AsyncPortal:
    """What `Portal` is, for the tasks of one event loop; it takes the same, but no `stream_url`."""

    def __init__(
        self,
        url: str,
        client_id: str,
        secret: Secret,
        *,
        patience: float = 120.0,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        inner = transport or httpx.AsyncHTTPTransport()
        self.http = _Http(
            base_url=self.url,
            auth=AsyncClientCredentials(f"{self.url}/oauth/token", client_id, secret),
            timeout=timeout,
            transport=AsyncPatientTransport(inner, patience=patience),
        )
        self.api = AuthenticatedClient(base_url=self.url, token="").set_async_httpx_client(self.http)

    async def __aenter__(self) -> Self:
        """Use it for the length of a block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of the connections."""
        await self.http.aclose()

    async def call(
        self, operation: Callable[..., Awaitable[T | Problem | None]], *args: Any, **named: Any
    ) -> T:
        """Call a generated operation: `await portal.call(get_rollout.asyncio, 17)`.

        Raises:
            Refused: the portal refused it.
        """
        return known(await operation(*args, client=self.api, **named))

    async def each(
        self, operation: Callable[..., Awaitable[Page[T] | Problem | None]], *args: Any, **query: Any
    ) -> AsyncIterator[T]:
        """Yield what a generated list operation lists: `async for … in portal.each(list_rollouts.asyncio)`.

        Raises:
            Refused: the portal refused it.
        """
        query.setdefault("limit", 1000)
        while True:
            page = await self.call(operation, *args, **query)
            for item in page.items:
                yield item
            if not page.next_:
                return
            query["after"] = cursor_in(page.next_)

    def estate(self, **filters: Any) -> AsyncIterator[EstateHub]:
        """Yield every hub of yours in one answer, however many there are; `filters` as of `list_estate`."""
        return self._lines("/api/v1/estate", EstateHub, filters)

    def eligible_hubs(self, rollout_id: int, **filters: Any) -> AsyncIterator[EligibleHubRow]:
        """Yield your hubs that a rollout is for, in one answer; `filters` as of `list_eligible_hubs`."""
        return self._lines(f"/api/v1/rollouts/{rollout_id}/eligible-hubs", EligibleHubRow, filters)

    def rejections(self, reference: str) -> AsyncIterator[Rejection]:
        """Yield the lines of an instruction that were not accepted, each with its reason."""
        return self._lines(f"/api/v1/instructions/{reference}/rejections", Rejection, {})

    def instruction_hubs(self, reference: str) -> AsyncIterator[EligibleHubRow]:
        """Yield the hubs an instruction counts for, and where each stands now."""
        return self._lines(f"/api/v1/instructions/{reference}/hubs", EligibleHubRow, {})

    async def instruct(
        self,
        rollout_id: int,
        hubs: Hubs,
        *,
        kind: str = "INSTRUCT",
        activate_at: datetime | None = None,
        key: str = "",
        name: str = "",
    ) -> Instruction:
        """Instruct, agree, decline or withdraw, as `Portal.instruct` does.

        Raises:
            Refused: nothing was accepted at all, or `idempotency_key_reused`: the key stands for other hubs.
        """
        query = {"kind": kind, "activate_at": moment(activate_at), "name": name}
        response = await self._send_hubs(rollout_id, hubs, query, {KEY: key or new_key()})
        return Instruction.from_dict(response.json())

    async def dry_run(
        self, rollout_id: int, hubs: Hubs, *, kind: str = "INSTRUCT", activate_at: datetime | None = None
    ) -> DryRun:
        """Say what would come of an instruction, and change nothing."""
        query = {"kind": kind, "activate_at": moment(activate_at), "dry_run": "true"}
        return DryRun.from_dict((await self._send_hubs(rollout_id, hubs, query, {})).json())

    async def finished(self, instruction: Instruction, *, within: float = 600.0) -> Instruction:
        """Wait until an instruction is applied to all of its hubs, and return it as it then is.

        Raises:
            TimeoutError: it takes longer than `within` seconds.
        """
        ends, pause = time.monotonic() + within, FIRST_PAUSE
        while instruction.finished_at is None:
            if time.monotonic() > ends:
                raise TimeoutError(f"{instruction.reference} is not applied yet.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            instruction = await self.call(get_instruction.asyncio, instruction.reference)
        return instruction

    async def follow(
        self,
        cursor: Cursor,
        *,
        kinds: Sequence[str] = (),
        rollout_id: int | None = None,
        wait: int = 20,
        limit: int = 1_000,
    ) -> AsyncIterator[Batch]:
        """Yield what happens by long poll, for ever, as `follow` does; cancel the task to end it.

        Raises:
            CursorExpired: entries after the cursor are no longer kept: read the estate afresh.
            AccessRefused: the client has no access any more.
            Refused: the portal refuses otherwise, or for longer than `patience`.
        """
        query: dict[str, Any] = {"kinds": ",".join(kinds)} if kinds else {}
        query |= {} if rollout_id is None else {"rollout_id": rollout_id}
        while True:
            began, after = time.monotonic(), cursor.load()
            place = {} if after is None else {"after": str(after)}
            page = await self.call(list_events.asyncio, **place, **query, wait=wait, limit=limit)
            if page.items or page.position != after:
                yield Batch(page.items, page.position)
                cursor.save(page.position)
            else:  # where the portal did not let us wait
                await asyncio.sleep(max(0.0, began + _SHORTEST - time.monotonic()))

    async def _send_hubs(
        self, rollout_id: int, hubs: Hubs, query: dict[str, str], headers: dict[str, str]
    ) -> httpx.Response:
        headers |= {"Content-Type": content_type_of(hubs), "Content-Encoding": "gzip"}
        path = f"/api/v1/rollouts/{rollout_id}/instructions"
        said = {name: value for name, value in query.items() if value}
        content = async_body_of(hubs)
        return await self.http.request("POST", path, params=said, content=content, headers=headers)

    async def _lines(self, path: str, row: type[Row], filters: dict[str, Any]) -> AsyncIterator[Row]:
        headers = {"Accept": "application/x-ndjson", "Accept-Encoding": "gzip"}
        async with self.http.stream("GET", path, params=filters, headers=headers) as response:
            async for line in response.aiter_lines():
                yield row.from_dict(json.loads(line))


class _Http(httpx.AsyncClient):
    """Raises what is refused, for our own calls and for those of the generated operations alike."""

    async def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        response = await super().send(request, **more)
        if response.is_error:
            await response.aread()
            await response.aclose()
            raise refusal(response)
        return response
