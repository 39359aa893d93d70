"""Resting: a tick that found nothing to do is left alone for a while, unless somebody wakes all ticks.

What is remembered is in the cache: the number of the last waking, and for each resting tick the number that
was true before it looked, so that a waking which comes while it looks is not missed. A cache that is away
costs a few ticks too many; a lost waking costs `LONGEST` seconds.
"""

from __future__ import annotations

from typing import Any, Final

from celery import Task
from django.conf import settings
from django.core.cache import cache

from portal.kernel import clock

#: Seconds that a tick rests at most.
LONGEST: Final = 5
_WAKINGS: Final = "ticks:wakings"


class TickTask(Task):
    """A task that beat rings for, and whose return value says whether there was anything to do."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Look for work, and rest where there is none."""
        wakings = cache.get(_WAKINGS, 0)
        was_any = super().__call__(*args, **kwargs)
        if not was_any and not is_sped_up():
            cache.set(_key(self.name), wakings, timeout=LONGEST)
        return was_any


def wake_ticks() -> None:
    """Have every tick look again: something has happened."""
    cache.add(_WAKINGS, 0, timeout=None)
    cache.incr(_WAKINGS)


def is_resting(task: str) -> bool:
    """Return whether a tick found nothing a moment ago, and nothing has happened since."""
    known = cache.get_many([_key(task), _WAKINGS])
    return _key(task) in known and known[_key(task)] == known.get(_WAKINGS, 0)


def is_sped_up() -> bool:
    """Return whether a day may pass between two ticks, as in a demonstration."""
    reading = clock.current_reading() if settings.DEMO else None
    return reading is not None and reading.rate > 1


def _key(task: str) -> str:
    return f"ticks:rest:{task}"
