"""Business time in a journey: the portal's clock and the simulator's in step, sped up and jumped.

# Note [Hubs are never behind]
The processes of the portal look at the clock's setting twice a second. Until they have seen a new one they
go by the old, so every setting begins where the fastest of them can have come to; and the simulator is set
first. A hub that is told "now" by the portal thus never finds that its own time is earlier.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from demo.journey.simulator import SimulatorClient
from portal.kernel import clock

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
_AT_EASE: Final = 60.0
_REREAD_SECONDS: Final = 1.0
_LOOK_EVERY: Final = 0.1


class Clocks:
    """Both clocks; they only ever go forward."""

    def __init__(self, simulator: SimulatorClient, *, begins_at: datetime, slowdown: float = 1.0) -> None:
        """Begin at a moment; where processes fail, a `slowdown` keeps seconds from being months."""
        self._simulator = simulator
        self._slowdown = slowdown
        self._rate = 0.0
        self._set(begins_at, rate=_AT_EASE)

    @property
    def now(self) -> datetime:
        """The business time."""
        return clock.now()

    def slow(self) -> None:
        """Let time pass at ease: a minute a second."""
        self._speed(_AT_EASE)

    def jump(self, moment: datetime) -> None:
        """Be at a moment once every process has read the clock again; nothing where it has passed."""
        if moment > self._next_start():
            self._set(moment, rate=_AT_EASE)
            time.sleep(2 * _REREAD_SECONDS)

    def run(self, moment: datetime, *, rate: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass at a rate up to a moment, or until told otherwise; at ease from then on."""
        self._speed(max(rate / self._slowdown, _AT_EASE))
        while self.now < moment and not until():
            time.sleep(_LOOK_EVERY)
        self.slow()

    def _speed(self, rate: float) -> None:
        if rate != self._rate:
            self._set(self._next_start(), rate=rate)

    def _next_start(self) -> datetime:
        # See Note [Hubs are never behind]
        return self.now + timedelta(seconds=self._rate * _REREAD_SECONDS)

    def _set(self, moment: datetime, *, rate: float) -> None:
        self._simulator.set_clock(business_at=moment, rate=rate)
        clock.set_clock(business_at=moment, rate=rate)
        self._rate = rate
