"""Ringing listeners after a commit: the broker only rings, the entries are read by cursor.

A lost ring costs a listener a second (it also looks by itself), never an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import orjson
import redis
import structlog
from celery import current_app
from django.conf import settings
from django.core.cache import cache as remembered
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from portal.kernel.transactions import run_after_commit

CHANNEL = "feed"
SEQUENCER: Final = "portal.events.tasks.relay"
ACCESS_CHANNEL = "access"
_RUNG: Final = "sequencer:rung"
log = structlog.get_logger(__name__)
Follower = Callable[[Mapping[int, int]], None]


def wake_listeners(heads: Mapping[int, int]) -> None:
    """Tell listeners which parties' feeds have grown, and up to where; then those whom the settings name."""
    _publish(heads)
    for name in settings.FEED_FOLLOWERS:
        follower: Follower = import_string(name)
        follower(heads)


def hear_ring() -> None:
    """Begin to look for what is to be sequenced: what is committed from now on rings again."""
    remembered.delete(_RUNG)


def ring_sequencer() -> None:
    """Have what was committed given its place at once; one ring at a time waits."""
    if not settings.REDIS_URL or not remembered.add(_RUNG, 1, timeout=1):
        return
    try:
        current_app.send_task(SEQUENCER, retry=False, ignore_result=True)
    except (OperationalError, OSError) as problem:
        log.warning("ring.lost", problem=str(problem))


def announce_access_change(party: int) -> None:
    """Have every open stream of an organisation looked at again, once this is committed."""
    run_after_commit(lambda: _publish_access(party))


def _publish_access(party: int) -> None:
    if not settings.REDIS_URL:
        return
    try:
        _client().publish(ACCESS_CHANNEL, str(party))
    except redis.RedisError as problem:
        log.warning("ring.lost", problem=str(problem))


def _publish(heads: Mapping[int, int]) -> None:
    if not settings.REDIS_URL:
        return
    try:
        _client().publish(CHANNEL, orjson.dumps({str(party): position for party, position in heads.items()}))
    except redis.RedisError as problem:
        log.warning("ring.lost", problem=str(problem))


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
