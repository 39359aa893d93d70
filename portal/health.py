"""Is the process alive; can it reach its stores; does every queue, beat and the relay keep up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from portal.celery import QUEUES, RECURRING_PERIODS
from portal.events.models import Event, FeedOutbox
from portal.kernel import tenancy
from portal.kernel.metrics import Metric
from portal.recurring import runs

#: A queue's heartbeat comes each 3 s: with the next look, a queue that stands still is seen within 15 s.
SILENT_AFTER: Final = 12.0
RELAY_KEY: Final = "health:relay"
RELAY_WAITS_TOO_LONG: Final = 12.0


@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive. Touches no store: a lost store is no reason to restart it."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Report which stores can be reached: 503 unless the database takes writes; the others are noted only."""
    checks = {"database": _database()}
    ready = checks["database"] == "ok"
    if ready:
        checks |= _queues()
    checks |= {"cache": _checked(_cache), "relay": _checked(_relay) if ready else "unknown"}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def metrics() -> Iterator[Metric]:
    """Yield for how long each queue has taken no work, and since when what comes seldom was not done."""
    silences = runs.silences([*map(runs.heartbeat_of, QUEUES), *RECURRING_PERIODS])
    for queue in QUEUES:
        yield Metric(
            "portal_queue_silent_seconds",
            "Seconds since a queue's heartbeat went through it, infinite if none ever did",
            silences.get(runs.heartbeat_of(queue), math.inf),
            {"queue": queue},
        )
    for task, period in RECURRING_PERIODS.items():
        yield Metric(
            "portal_recurring_late_seconds",
            "Seconds by which work that comes again is beyond its period",
            max(0.0, silences.get(task, 0.0) - period.seconds),
            {"task": task.rpartition(".")[2]},
        )


def _checked(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as problem:  # noqa: BLE001 - whatever it is, the answer is that it cannot be reached
        return type(problem).__name__


def _database() -> str:
    answer = _checked(lambda: _mode(connection.cursor()))
    return answer if answer in {"ok", "read-only"} else _why(answer)


def _why(answer: str) -> str:
    # The pool only says that it has no connection; the server may say more.
    address = {**connection.get_connection_params(), "target_session_attrs": "any"}
    try:
        with psycopg.connect(**address | {"connect_timeout": 3, "tcp_user_timeout": 3000}) as direct:
            mode = _mode(direct.cursor())
    except psycopg.Error:
        return answer
    return answer if mode == "ok" else mode


def _mode(cursor: Any) -> str:
    with cursor:
        cursor.execute("SHOW transaction_read_only")
        return "read-only" if cursor.fetchone()[0] == "on" else "ok"


def _cache() -> str:
    cache.set("health:cache", "here", timeout=10)
    return "ok" if cache.get("health:cache") == "here" else "forgets"


def _queues() -> dict[str, str]:
    if not settings.REDIS_URL:
        return {"beat": "no broker"}
    silences = runs.silences(map(runs.heartbeat_of, QUEUES))
    seconds = {queue: silences.get(runs.heartbeat_of(queue)) for queue in QUEUES}
    queues = {f"queue_{queue}": _silence(silent) for queue, silent in seconds.items()}
    # Where none is heard of, nobody rings.
    return {"beat": _silence(min(silences.values(), default=None))} | queues


def _silence(silent: float | None) -> str:
    if silent is None:
        return "never heard"
    return "ok" if silent < SILENT_AFTER else f"silent for {silent:.0f} s"


def _relay() -> str:
    # By the place of the oldest, not by its time: an entry may tell of what happened hours ago.
    with tenancy.crossing():
        waiting = FeedOutbox.objects.order_by("id").values_list("id", flat=True).first()
        facts = Event.objects.filter(position=None).order_by("id").values_list("id", flat=True).first()
    if waiting is None and facts is None:
        cache.delete(RELAY_KEY)
        return "ok"
    seen = cache.get(RELAY_KEY)
    if seen is None or seen[:2] != (waiting, facts):
        cache.set(RELAY_KEY, (waiting, facts, time.time()), timeout=None)
        return "ok"
    waits = time.time() - seen[2]
    return "ok" if waits < RELAY_WAITS_TOO_LONG else f"stands still for {waits:.0f} s"
