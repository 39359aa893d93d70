"""The Python package's event-loop half against the running portal: tokens, waiting, keys, pages, events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from rollouts.models import Instruction
from tests.live.test_python_library import guid, happen, library, operation, stage

__all__ = ["library", "stage"]
pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


class AsyncCounting(httpx.AsyncHTTPTransport):
    """Travels as usual, and counts; answers of its own first."""

    def __init__(self, *first):
        super().__init__()
        self.first = list(first)
        self.calls = []

    async def handle_async_request(self, request):
        self.calls.append(request.url.path)
        if self.first and request.url.path != "/oauth/token":
            answer = self.first.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return await super().handle_async_request(request)


def play(stage, library, act, *, transport=None, url=""):
    """Run an act with a portal of its own, in an event loop of its own."""

    async def run():
        who = stage.made.client_id, stage.made.secret
        async with library.AsyncPortal(url or stage.url, *who, transport=transport) as portal:
            return await act(portal)

    return asyncio.run(run())


@pytest.mark.requirement("R6.2")
def test_many_tasks_read_lists_with_one_token(stage, library):
    travels = AsyncCounting()
    listing = operation(library, "estate", "list_estate").asyncio
    reading = operation(library, "rollouts", "get_rollout").asyncio

    async def act(portal):
        async def paged():
            return [hub.guid async for hub in portal.each(listing, limit=5)]

        async def streamed():
            return [hub.guid async for hub in portal.estate(region="CENTRAL")]

        rollout = portal.call(reading, stage.rollout.pk)
        return await asyncio.gather(paged(), streamed(), paged(), rollout)

    first, streamed, second, rollout = play(stage, library, act, transport=travels)

    assert first == second == streamed
    assert len(first) == 16
    assert rollout.cutoff_at == stage.rollout.cutoff_at
    assert travels.calls.count("/oauth/token") == 1


@pytest.mark.requirement("R4.2", "R6.2")
def test_a_file_is_tried_and_then_instructed_in_chunks_once(stage, library, server, port, tmp_path):
    file = tmp_path / "hubs.csv"
    file.write_text("guid\n" + "".join(f"{guid(stage, number)}\n" for number in (0, 1)) + "nonsense\n")
    at = datetime.now(UTC) + timedelta(days=60)

    async def act(portal):
        tried = await portal.dry_run(stage.rollout.pk, file, activate_at=at)
        made = await portal.instruct(stage.rollout.pk, file, activate_at=at, key="k-1")
        given = await portal.finished(made)
        again = await portal.instruct(stage.rollout.pk, file, activate_at=at, key="k-1")
        with pytest.raises(library.Refused) as other:
            await portal.instruct(stage.rollout.pk, [guid(stage, 0)], key="k-1")
        hubs = [hub.guid async for hub in portal.instruction_hubs(given.reference)]
        lines = [line.reason async for line in portal.rejections(given.reference)]
        rows = [row.guid async for row in portal.eligible_hubs(stage.rollout.pk)]
        return tried, given, again, other.value, hubs, lines, rows

    url = f"http://127.0.0.1:{port}"  # gunicorn: the server of tests reads no chunks
    tried, given, again, refused, hubs, lines, rows = play(stage, library, act, url=url)

    assert (tried.accepted, given.accepted, given.reference) == (2, 2, again.reference)
    assert Instruction.objects.count() == 1
    assert refused.code == "idempotency_key_reused"
    assert hubs == [guid(stage, 0), guid(stage, 1)]
    assert lines == ["MALFORMED_ID"]
    assert len(rows) == 16


def test_429_is_waited_out_and_what_is_not_safe_is_not_sent_again(stage, library):
    busy = [httpx.Response(429, headers={"Retry-After": "0"}) for _ in range(2)]
    hubs = [guid(stage, 0)]
    waiting, unsafe = AsyncCounting(*busy), AsyncCounting(httpx.ReadError("gone"))

    given = play(stage, library, lambda portal: portal.instruct(stage.rollout.pk, hubs), transport=waiting)
    with pytest.raises(httpx.ReadError):
        play(stage, library, lambda portal: portal.dry_run(stage.rollout.pk, hubs), transport=unsafe)

    assert given.accepted == 1
    assert len(waiting.calls) == 4
    assert len(unsafe.calls) == 2


def test_a_token_that_counts_no_more_is_replaced_and_a_dead_secret_is_shown_once(stage, library):
    travels = AsyncCounting()
    listing = operation(library, "rollouts", "list_rollouts").asyncio

    async def act(portal):
        await portal.call(listing)
        portal.http.auth._token = "ended"
        await portal.call(listing)
        portal.http.auth._token, portal.http.auth._secret = "ended", "dead"
        refusals = await asyncio.gather(*(portal.call(listing) for _ in range(10)), return_exceptions=True)
        return {type(refusal) for refusal in refusals}

    assert play(stage, library, act, transport=travels) == {library.AccessRefused}
    assert travels.calls.count("/oauth/token") == 3


@pytest.mark.requirement("R6.3")
def test_events_are_followed_from_a_cursor_that_is_kept(stage, library, tmp_path):
    happen(stage, 0, 1, 2)
    cursor = library.FileCursor(tmp_path / "position")

    async def act(portal):
        async for batch in portal.follow(cursor, wait=0, limit=2):
            if len(batch.events) < 2:
                return [event.id for event in batch.events]
        return None

    assert play(stage, library, act) == ["3"]
    assert cursor.load() == 2, "the last one may not have been dealt with"
