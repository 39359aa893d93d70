"""People who look at pages: a browser without scripts for each seat of a small world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from tests.factories import World
from tests.web.governing import make_trouble


@pytest.fixture
def today() -> datetime:
    """This very moment: pages read the clock themselves."""
    return datetime.now(UTC)


@pytest.fixture
def seat(world: World) -> Callable[[str], Client]:
    """Log somebody of the world in: `seat("supplier")`."""

    def _seat(actor: str) -> Client:
        client = Client()
        client.force_login(getattr(world, f"{actor}_user"))
        return client

    return _seat


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[Client, str], int]:
    """Count the statements a page takes: Django's, and the named ones, which go past its log."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from portal.kernel import sql

    def _count(client: Client, path: str) -> int:
        named = 0
        rows = sql.rows

        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal named
            named += 1
            return rows(*args, **kwargs)

        with monkeypatch.context() as patch, CaptureQueriesContext(connection) as captured:
            patch.setattr(sql, "rows", counted)
            answer = client.get(path)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200, (path, answer.status_code, body[:200])
        return len(captured) + named

    return _count


@pytest.fixture
def trouble(world, today):
    return make_trouble(world, now=today)


@pytest.fixture
def running(world, today):
    return make_trouble(world, now=today, suspended=False)
