"""Ringing: a message that says "look for work". It may be lost or doubled, and has no end by anybody's clock.

A ring is not sent to a queue in which many messages wait: they lead to the same work. So the queue of a
worker that is away does not grow, and no clock of a sender has to agree with one of a receiver.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from celery import Celery, Task
from celery.beat import ScheduleEntry, Scheduler
from django.conf import settings
from kombu import Connection

from portal.recurring import resting

#: So many messages wait in a queue at most before it is no longer rung for.
MOST_WAITING: Final = 50


def ring(task: Task, **kwargs: object) -> None:
    """Ask a worker to look for work, unless its queue is full of messages."""
    if not is_full(task.app, task.name):
        task.apply_async(kwargs=kwargs)


def is_full(app: Celery, task: str, options: Mapping[str, Any] | None = None) -> bool:
    """Return whether as many messages wait for the workers of a task as are rung for."""
    queue = app.amqp.router.route(dict(options or {}), task)["queue"].name
    with app.connection_or_acquire() as connection:
        try:
            return waiting(connection, queue) >= MOST_WAITING
        except Exception:  # noqa: BLE001 - kombu, half way through a loss, fails in many ways
            return False  # sending finds out, and knows how to try again


def waiting(connection: Connection, queue: str) -> int:
    """Return how many messages wait in a queue."""
    # Asking by declaring it fails for an empty one.
    return int(connection.default_channel._size(queue))  # noqa: SLF001


class RingingScheduler(Scheduler):
    """Beat without a file: its ticks are a matter of seconds, and longer periods are kept in the database.

    It touches a file at each look, by which a health check sees that it goes on.
    """

    def setup_schedule(self) -> None:
        """Take the schedule of the app."""
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Ring for what is due."""
        show_alive("beat")
        return float(super().tick(*args, **kwargs))

    def apply_async(self, entry: ScheduleEntry, *args: Any, **kwargs: Any) -> Any:
        """Send a tick, unless it rests or its queue is full of messages."""
        if resting.is_resting(entry.task) or is_full(self.app, entry.task, entry.options):
            return None
        return super().apply_async(entry, *args, **kwargs)


def show_alive(name: str) -> None:
    """Touch the file by which a health check sees that this process goes on: `<PORTAL_VAR>/<name>-alive`."""
    with suppress(OSError):  # a full disk is for the health check to see, and stops no work
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        Path(settings.VAR_DIR, f"{name}-alive").touch()
