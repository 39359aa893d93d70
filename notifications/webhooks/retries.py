"""How long to wait before a call is repeated: longer each time, and not all at the same moment. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

FIRST: Final = timedelta(seconds=5)
GROWS: Final = 3
LONGEST: Final = timedelta(hours=6)
_LATEST_GROWTH: Final = 12


def retry_delay(attempt: int, *, share: float, requested: timedelta | None = None) -> timedelta:
    """Return how long to wait after so many failed attempts; `share` (0 to 1) spreads the last quarter.

    5 s, 15 s, 45 s, then minutes and hours, six hours at most. What the receiver asks for (`Retry-After`)
    counts if it is longer, up to the same limit.
    """
    grown: int = GROWS ** min(attempt - 1, _LATEST_GROWTH)
    wished = min(FIRST * grown, LONGEST)
    return max(wished * (0.75 + 0.25 * share), min(requested or timedelta(0), LONGEST))
