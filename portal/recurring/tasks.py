"""The tasks behind heartbeats and longer periods."""

from __future__ import annotations

from typing import Any, Final

from celery import Task, current_app, shared_task
from celery.signals import heartbeat_sent, task_success, worker_process_init

from portal.kernel import clock
from portal.recurring import runs
from portal.recurring.periods import Period
from portal.recurring.ringing import show_alive

_HEADER: Final = "recurring"


@shared_task(name="portal.recurring.tasks.ring_due")
def ring_due(**_later: object) -> None:
    """Ring for what was not done since it last fell due, also while nobody looked."""
    periods: dict[str, Period] = current_app.conf.recurring_periods
    for name in runs.claim_due(periods):
        current_app.send_task(name, headers={_HEADER: name})


def _mark_done(sender: Task, **_: Any) -> None:
    name = sender.request.get(_HEADER) or (sender.request.headers or {}).get(_HEADER)
    if name:
        runs.mark_done(name)


def _worker_is_alive(**_: Any) -> None:
    # Sent by a worker's main process every two seconds while it is connected to the broker.
    show_alive("worker")


def _go_by_database(**_: Any) -> None:
    clock.follow_database()


@shared_task(name="portal.recurring.tasks.beat")
def beat(*, queue: str, **_later: object) -> None:
    """Go through a queue as its work does, and leave the time behind."""
    runs.mark_done(runs.heartbeat_of(queue))


task_success.connect(_mark_done, dispatch_uid="recurring-done")
heartbeat_sent.connect(_worker_is_alive, dispatch_uid="worker-alive")
worker_process_init.connect(_go_by_database, dispatch_uid="database-clock")
