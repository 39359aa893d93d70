"""What tests of services start from: a rollout in safe launch, and a CSP that listens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest

from portal.events import naming
from rollouts import gateways
from rollouts.models import CspChannel, Rollout
from tests.csp import StandIn, standing_in
from tests.factories import World, make_rollout


@pytest.fixture
def rollout(world: World, now: datetime) -> Rollout:
    """A rollout in safe launch with a target for each hub of the world, automatic in 120 days."""
    return make_rollout(world, now=now)


@pytest.fixture
def csp(world: World) -> Iterator[StandIn]:
    """A CSP that takes the commands for the world's regions."""
    with standing_in() as stand_in:
        CspChannel.objects.update(base_url=stand_in.url)
        yield stand_in
        gateways.close_networks()


@pytest.fixture
def fresh_names() -> None:
    """The process remembers no organisation's name from an earlier test."""
    naming.forget_names()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every statement sent, those that pass Django's own counter by included."""
    sent: list[Any] = []
    execute = psycopg.Cursor.execute

    def recorded(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(query)
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", recorded)
    return sent
