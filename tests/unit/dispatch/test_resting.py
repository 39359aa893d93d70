"""A scan that took long is not repeated at once; a clock that was put back does not put scans off."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache

from rollouts.services.dispatch import backoff as _resting

KEY = "plan:of-this-test"


@pytest.fixture(autouse=True)
def no_scan_rests() -> None:
    """Here scans rest as they do outside tests."""


@pytest.fixture(autouse=True)
def _scanned_for_a_second(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    ticks = iter([0.0, 1.0])
    with monkeypatch.context() as changed:
        changed.setattr(time, "monotonic", lambda: next(ticks))
        with _resting.scanning(KEY, seen="as before"):
            pass
    yield
    cache.delete(KEY)


@pytest.mark.parametrize(
    ("seconds_later", "seen", "is_rested"),
    [
        (19, "as before", False),
        (21, "as before", True),
        (4, "something else", False),
        (6, "something else", True),
        (-3600, "as before", True),
    ],
)
def test_the_next_scan_waits_in_proportion(seconds_later: float, seen: str, is_rested: bool) -> None:
    _, seconds, digest = cache.get(KEY)
    cache.set(KEY, (time.time() - seconds_later, seconds, digest))

    assert _resting.is_rested(KEY, seen=seen) is is_rested
