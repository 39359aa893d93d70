"""Waiting until workers, relay and simulator have done all that is due: by what is left, never by a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from demo.journey.clocks import Clocks
from demo.journey.passing import passing, patiently
from demo.journey.simulator import SimulatorClient
from portal.events.models import Event, FeedOutbox
from rollouts.models import Command, CspAlertBatch, Instruction
from rollouts.states import CommandStatus

_LOOK_EVERY: Final = 0.2
# Two ticks of beat: what one tick finds due, the next one finds done.
QUIET_FOR: Final = 2.3
_WITHIN: Final = 900.0


class NeverQuiet(Exception):
    """Something is left that nobody does."""


@dataclass(frozen=True, slots=True)
class OutstandingWork:
    """What is still to be done."""

    commands: int
    alerts: int
    unsent: int
    instructions: int
    entries: int

    @property
    def is_nothing(self) -> bool:
        """Return whether all is done."""
        return not (self.commands or self.alerts or self.unsent or self.instructions or self.entries)


def settle(clocks: Clocks, simulator: SimulatorClient) -> None:
    """Let time pass at ease until nothing has been left for a while.

    Raises:
        NeverQuiet: something is still left after a quarter of an hour.
    """
    clocks.slow()
    deadline = time.monotonic() + _WITHIN
    quiet_since = time.monotonic()
    with passing():
        while time.monotonic() - quiet_since < QUIET_FOR:
            left = patiently(lambda: left_to_do(simulator, now=clocks.now))
            if not left.is_nothing:
                quiet_since = time.monotonic()
            if time.monotonic() > deadline:
                raise NeverQuiet(f"After {_WITHIN:.0f} s there is still left: {left}")
            time.sleep(_LOOK_EVERY)


def left_to_do(simulator: SimulatorClient, *, now: datetime) -> OutstandingWork:
    """Look at what is due and not done."""
    ready = Command.objects.filter(status=CommandStatus.READY, due_at__lte=now)
    claimed = Command.objects.filter(status=CommandStatus.CLAIMED)
    stats = simulator.stats()
    return OutstandingWork(
        commands=ready.count() + claimed.count(),
        alerts=CspAlertBatch.objects.filter(applied_at=None).count(),
        unsent=stats["unsent_alerts"] - stats["waiting_alerts"],
        instructions=Instruction.objects.filter(
            status__in=[Instruction.Status.RECEIVED, Instruction.Status.APPLYING]
        ).count(),
        entries=int(FeedOutbox.objects.exists()) + int(Event.objects.filter(position=None).exists()),
    )
