"""Is the process alive; can it reach its stores; do beat and the relay keep up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from portal.events.models import Event, FeedOutbox

BEAT_KEY: Final = "health:beat"
BEAT_SILENT_AFTER: Final = 30.0
RELAY_KEY: Final = "health:relay"
RELAY_WAITS_TOO_LONG: Final = 30.0


@shared_task(name="portal.health.mark_beat", ignore_result=True)
def mark_beat() -> None:
    """Record that beat ticks and a worker listens."""
    cache.set(BEAT_KEY, time.time(), timeout=None)


@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive. Touches no store: a lost store is no reason to restart it."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Report which stores can be reached: 503 without the database, else 200 with a note on the others."""
    checks = {"database": _checked(_database)}
    ready = checks["database"] == "ok"
    checks |= {"cache": _checked(_cache), "beat": _checked(_beat), "relay": _checked(_relay)}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _checked(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as problem:  # noqa: BLE001 - whatever it is, the answer is that it cannot be reached
        return type(problem).__name__


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _cache() -> str:
    cache.set("health:cache", "here", timeout=10)
    return "ok" if cache.get("health:cache") == "here" else "forgets"


def _beat() -> str:
    if not settings.REDIS_URL:
        return "no broker"
    marked = cache.get(BEAT_KEY)
    if marked is None:
        return "never heard"
    silent = time.time() - marked
    return "ok" if silent < BEAT_SILENT_AFTER else f"silent for {silent:.0f} s"


def _relay() -> str:
    # By the place of the oldest, not by its time: an entry may tell of what happened hours ago.
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
