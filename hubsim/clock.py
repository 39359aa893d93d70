"""The business clock of the simulated world: it may be set, and run faster than the wall."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class SimulatedClock:
    """Business time = the time it was set to + rate x the time since."""

    def __init__(
        self,
        *,
        business_at: datetime | None = None,
        rate: float = 1.0,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._elapsed = elapsed
        self._set_at = elapsed()
        self._base = (business_at or datetime.now(UTC)).timestamp()
        self.rate = rate

    def now(self) -> float:
        """Return the business time in seconds since 1970."""
        return self._base + self.rate * (self._elapsed() - self._set_at)

    def set(self, *, business_at: datetime | None, rate: float | None) -> None:
        """Set the time, the rate, or both; what is not given goes on as it is."""
        base = self.now() if business_at is None else business_at.timestamp()
        self._base, self._set_at = base, self._elapsed()
        self.rate = self.rate if rate is None else rate

    def until(self, business: float) -> float:
        """Return the wall-clock seconds until a business time; infinite if the clock stands."""
        ahead = business - self.now()
        if ahead <= 0:
            return 0.0
        return ahead / self.rate if self.rate > 0 else float("inf")


def iso(seconds: float) -> str:
    """Write a business time as messages carry it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
