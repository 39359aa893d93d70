"""The Celery app: a queue for each kind of work, and the ticks that look for work which is due.

No task carries a date (an ETA, an expiry): due dates live in PostgreSQL, and a tick finds them. So a lost or
doubled message costs a few seconds and never a fact, every tick may run at any time, any number of times, and
no two clocks need agree (portal/recurring). A tick that finds nothing rests until something happens.
"""

from __future__ import annotations

import os
from typing import Final

from celery import Celery

from portal.recurring.periods import Period

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

QUEUES: Final = ("dispatch", "ingest", "relay", "deliver", "reports")

# The first pattern that fits wins. What is not named is long work, and long work must not hold up the rest.
TASK_ROUTES: Final = {
    "rollouts.tasks.tick_dispatch": {"queue": "dispatch"},
    "rollouts.tasks.tick_deadlines": {"queue": "dispatch"},
    "rollouts.tasks.tick_governance": {"queue": "dispatch"},
    "rollouts.tasks.dispatch_*": {"queue": "dispatch"},
    "rollouts.tasks.send_*": {"queue": "dispatch"},
    "rollouts.tasks.tick_ingest": {"queue": "ingest"},
    "rollouts.tasks.ingest_*": {"queue": "ingest"},
    "rollouts.tasks.apply_*": {"queue": "ingest"},
    "rollouts.tasks.tick_exports": {"queue": "relay"},
    "rollouts.tasks.tick_imports": {"queue": "relay"},
    "rollouts.tasks.fold_tallies": {"queue": "relay"},
    "rollouts.tasks.*": {"queue": "reports"},
    "portal.events.tasks.*": {"queue": "relay"},
    "portal.accounts.tasks.send_*": {"queue": "deliver"},
    "portal.recurring.tasks.*": {"queue": "relay"},
    "notifications.tasks.*": {"queue": "deliver"},
}


def _tick(task: str, *, seconds: float) -> dict[str, object]:
    return {"task": task, "schedule": seconds}


def _beat(queue: str) -> dict[str, object]:
    # Behind the work of its queue, so that a worker which stands still is seen.
    options = {"queue": queue}
    return {"task": "portal.recurring.tasks.beat", "schedule": 3.0, "kwargs": options, "options": options}


BEAT_SCHEDULE: Final[dict[str, dict[str, object]]] = {
    "dispatch": _tick("rollouts.tasks.tick_dispatch", seconds=1),
    "ingest": _tick("rollouts.tasks.tick_ingest", seconds=1),
    "relay": _tick("portal.events.tasks.relay", seconds=0.5),
    "fold-tallies": _tick("rollouts.tasks.fold_tallies", seconds=1),
    "deadlines": _tick("rollouts.tasks.tick_deadlines", seconds=5),
    "governance": _tick("rollouts.tasks.tick_governance", seconds=1),
    "note-activations": _tick("rollouts.tasks.note_activations", seconds=60),
    "reconcile-tallies": _tick("rollouts.tasks.reconcile_tallies", seconds=60),
    "exports": _tick("rollouts.tasks.tick_exports", seconds=15),
    "imports": _tick("rollouts.tasks.tick_imports", seconds=15),
    "deliver-mail": _tick("notifications.tasks.deliver_mail", seconds=30),
    "deliver-webhooks": _tick("notifications.tasks.deliver_webhooks", seconds=1),
    "recurring": _tick("portal.recurring.tasks.ring_due", seconds=5),
    **{f"heartbeat-{queue}": _beat(queue) for queue in QUEUES},
}

# What comes so seldom that a restart of beat must not begin its period anew: the database remembers.
RECURRING_PERIODS: Final = {
    "rollouts.tasks.summarise": Period(300),
    "rollouts.tasks.sweep_exports": Period(600),
    "rollouts.tasks.sweep_imports": Period(600),
    "portal.accounts.tasks.sweep": Period(600),
    "notifications.tasks.forget_old_deliveries": Period(3600),
    "portal.events.tasks.keep_feed": Period(3600),
    "rollouts.tasks.make_months": Period(3600),
    "rollouts.tasks.refresh_eligibility": Period(24 * 3600, phase=2.5 * 3600),  # at 02:30 UTC
}

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_routes = TASK_ROUTES
app.conf.beat_schedule = BEAT_SCHEDULE
app.conf.recurring_periods = RECURRING_PERIODS
app.autodiscover_tasks()
