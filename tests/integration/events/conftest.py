"""What tests of streams start from: a broker, and a server to follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portal.events import wakeups
from tests.factories import World
from tests.integration.streaming import streaming


@pytest.fixture
def broker(settings: Any, valkey_url: str, no_subscribers: None, fresh_names: None) -> Iterator[None]:
    """A Valkey that carries the sign that there are new entries."""
    settings.REDIS_URL = valkey_url
    settings.FEED_FOLLOWERS = []
    wakeups._client.cache_clear()
    yield
    wakeups._client.cache_clear()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """The address of a server of streams."""
    with streaming() as address:
        yield address
