"""The Celery app: a queue for each kind of work, and the ticks that look for work which is due.

No task carries a date (an ETA): due dates live in PostgreSQL, and a tick finds them. So a lost or doubled
message costs a second and never a fact, and every tick may run at any time, any number of times.
"""

from __future__ import annotations

import os
from typing import Final

from celery import Celery
from celery.schedules import crontab

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
    "rollouts.tasks.fold_tallies": {"queue": "relay"},
    "rollouts.tasks.*": {"queue": "reports"},
    "portal.events.tasks.*": {"queue": "relay"},
    "portal.accounts.tasks.send_*": {"queue": "deliver"},
    "portal.health.*": {"queue": "relay"},
    "notifications.tasks.*": {"queue": "deliver"},
}


def _tick(task: str, *, seconds: float) -> dict[str, object]:
    # A tick nobody took in time is worth nothing: the next one finds the same work.
    return {"task": task, "schedule": seconds, "options": {"expires": max(5.0, 2 * seconds)}}


BEAT_SCHEDULE: Final[dict[str, dict[str, object]]] = {
    "dispatch": _tick("rollouts.tasks.tick_dispatch", seconds=1),
    "ingest": _tick("rollouts.tasks.tick_ingest", seconds=1),
    "relay": _tick("portal.events.tasks.relay", seconds=0.5),
    "fold-tallies": _tick("rollouts.tasks.fold_tallies", seconds=1),
    "deadlines": _tick("rollouts.tasks.tick_deadlines", seconds=5),
    "governance": _tick("rollouts.tasks.tick_governance", seconds=1),
    "note-activations": _tick("rollouts.tasks.note_activations", seconds=60),
    "reconcile-tallies": _tick("rollouts.tasks.reconcile_tallies", seconds=60),
    "exports": _tick("rollouts.tasks.tick_exports", seconds=5),
    "sweep-exports": _tick("rollouts.tasks.sweep_exports", seconds=600),
    "heartbeat": _tick("portal.health.mark_beat", seconds=5),
    "deliver-mail": _tick("notifications.tasks.deliver_mail", seconds=30),
    "deliver-webhooks": _tick("notifications.tasks.deliver_webhooks", seconds=1),
    "forget-old-deliveries": _tick("notifications.tasks.forget_old_deliveries", seconds=3600),
    "keep-feed": _tick("portal.events.tasks.keep_feed", seconds=3600),
    "make-months": _tick("rollouts.tasks.make_months", seconds=3600),
    "sweep-accounts": _tick("portal.accounts.tasks.sweep", seconds=600),
    "summarise": _tick("rollouts.tasks.summarise", seconds=300),
    "refresh-eligibility": {
        "task": "rollouts.tasks.refresh_eligibility",
        "schedule": crontab(hour=2, minute=30),
        "options": {"expires": 3600.0},
    },
}

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_routes = TASK_ROUTES
app.conf.beat_schedule = BEAT_SCHEDULE
app.conf.imports = ("portal.health",)
app.autodiscover_tasks()
