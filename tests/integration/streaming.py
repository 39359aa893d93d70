"""The stream as a server of its own, in a thread, on the database of the test."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import uvicorn
from django.test import Client

from notifications.stream.app import Stream
from portal.embedded.ports import free_port
from portal.events import sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel.transactions import unit_of_work
from tests.integration.clients import client_for, token_for

FEED = "/api/v1/events/stream"
NEVER, SOON = 3_600.0, 0.5


@dataclass
class Told:
    """One message of a stream."""

    id: str
    event: str
    data: Any


class Following:
    """An open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.lines = response.iter_lines()

    def next(self) -> Told:
        """Return the next message; comments and the like are passed over."""
        content: dict[str, str] = {}
        for line in self.lines:
            name, _, value = line.partition(":")
            if line and name:
                content[name] = value.strip()
            elif not line:
                if "data" in content:
                    return Told(content.get("id", ""), content.get("event", ""), json.loads(content["data"]))
                content = {}
        raise EOFError

    def take(self, number: int) -> list[Told]:
        """Return so many messages."""
        return [self.next() for _ in range(number)]


@contextlib.contextmanager
def streaming() -> Iterator[str]:
    """Have the stream served; yields its address."""
    port = free_port()
    config = uvicorn.Config(
        Stream(), port=port, lifespan="on", log_level="warning", timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until and thread.is_alive():
        time.sleep(0.02)
    assert server.started
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@contextlib.contextmanager
def following(url: str, *, timeout: float = 10, **headers: str) -> Iterator[Following]:
    """Follow a stream; headers by name, with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.stream("GET", url, headers=named, timeout=timeout, trust_env=False) as response:
        yield Following(response)


@unit_of_work
def _publish(parties, times, kind):
    for number in range(times):
        publish_entries(kind, parties=parties, at=datetime.now(UTC), data={"n": number})


def publish(party, *, times=1, kind=EntryKind.RULE_RAN):
    _publish([party.pk], times, kind)
    sequencer.sequence_all(seconds=20)


def publish_of(party, *rollout_ids):
    """Publish an entry of each rollout; of none where there is no number."""
    FeedOutbox.objects.bulk_create(
        FeedOutbox(
            at=datetime.now(UTC), party_id=party.pk, kind=EntryKind.ROLLOUT_RESUMED, rollout_id=rollout_id
        )
        for rollout_id in rollout_ids
    )
    sequencer.sequence_all(seconds=20)


def bearer(user, *scopes):
    return f"Bearer {token_for(client_for(user, *scopes))}"


def session_of(user):
    client = Client()
    client.force_login(user)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
