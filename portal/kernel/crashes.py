"""Named places at which a process may be killed: off, but where `make chaos` asks a demonstration for it.

A process may die at any line. At these lines what is at stake is greatest: something has happened outside, or
a lock is held, and nothing of ours says so yet.
"""

from __future__ import annotations

import os
import random
import signal
from enum import StrEnum

from django.conf import settings


class CrashPoint(StrEnum):
    """Where a process may die, and what it has just done there."""

    AFTER_CLAIM = "after-claim"
    """Hubs are claimed; the CSP has heard nothing."""
    AFTER_SENDING = "after-sending"
    """The CSP has answered; the answer is not kept."""
    IN_APPLYING = "in-applying"
    """A batch of alerts is applied; nothing is committed."""
    IN_SEQUENCING = "in-sequencing"
    """Feed entries have their places; nothing is committed."""
    BETWEEN_SLICES = "between-slices"
    """A slice of a long instruction is committed, the next is not begun."""
    BEFORE_HOLDING_BACK = "before-holding-back"
    """A rollout is halted, its commands are still there."""
    BETWEEN_PAGES = "between-pages"
    """A page of hubs is withdrawn or taken up, the next is not."""


def crash_point(point: CrashPoint) -> None:
    """Kill this process here, with the chance that CRASH_POINTS gives the point."""
    chance = settings.CRASH_POINTS.get(point, 0.0)
    if chance and random.random() < chance:  # noqa: S311 - no secret
        os.kill(os.getpid(), signal.SIGKILL)
