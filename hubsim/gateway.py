"""How the CSP's own service behaves: outages, throttling, slow and lost answers. In wall-clock time."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from hubsim.commands import CommandId
from hubsim.profile import GatewayFaults
from hubsim.randomness import key_of

_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_ONE: Final = 2.0**64


@dataclass(frozen=True, slots=True)
class GatewayRefusal:
    """A request that is not let in now."""

    status: int
    retry_after: int


class Gateway:
    """Decides which requests get in, and how their answers fare."""

    def __init__(
        self, faults: GatewayFaults, *, seed: int, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._elapsed = elapsed
        self._seed = seed
        self._tries: Counter[CommandId] = Counter()
        self.follow(faults)

    def follow(self, faults: GatewayFaults) -> None:
        """Behave by these faults from now on; outages are counted from now."""
        self._faults = faults
        self._since = self._elapsed()
        self._credit = faults.hubs_per_second
        self._credited_at = self._since

    def refusal(self) -> GatewayRefusal | None:
        """Return how a command is refused now, if it is."""
        left = self._outage_left()
        if left > 0:
            return GatewayRefusal(_UNAVAILABLE, max(1, math.ceil(left)))
        owed = -self._refill()
        if owed > 0:
            return GatewayRefusal(_TOO_MANY, max(1, math.ceil(owed / self._faults.hubs_per_second)))
        return None

    def charge(self, hubs: int) -> None:
        """Count hubs against the throttle. A command that begins in credit is let in whole."""
        if self._faults.hubs_per_second:
            self._credit -= hubs

    def alerts_held_for(self) -> float:
        """Return how long alerts wait for the end of an outage, in seconds."""
        return self._outage_left() if self._faults.outage_holds_alerts else 0.0

    def answer(self, command_id: CommandId) -> tuple[float, bool]:
        """Return the delay of the answer to a command, and whether it gets lost. Another try draws again."""
        self._tries[command_id] += 1
        slow = self._draw(command_id, 1) < self._faults.slow
        lost = self._draw(command_id, 2) < self._faults.failed_answers
        return (self._faults.slow_seconds if slow else 0.0), lost

    def forgets(self, command_id: CommandId) -> bool:
        """Return whether a command is taken, and nothing ever done about it."""
        return self._draw(command_id, 3) < self._faults.forgotten

    def _draw(self, command_id: CommandId, stream: int) -> float:
        name = crc32(repr(command_id).encode())
        return key_of(self._seed, stream, name, self._tries[command_id]) / _ONE

    def _outage_left(self) -> float:
        lasts, every = self._faults.outage_lasts_seconds, self._faults.outage_every_seconds
        if not lasts:
            return 0.0
        if every <= lasts:
            return lasts
        # An outage ends each period, so that a profile begins with the service up.
        into = (self._elapsed() - self._since) % every
        return every - into if into >= every - lasts else 0.0

    def _refill(self) -> float:
        rate = self._faults.hubs_per_second
        if not rate:
            return 0.0
        now = self._elapsed()
        self._credit = min(rate, self._credit + (now - self._credited_at) * rate)
        self._credited_at = now
        return self._credit
