"""A cache that may be away: what it would have known is forgotten, and nobody fails because of it.

The cache counts calls and remembers what is cheap to find again. Its server is the broker, which goes away
for a moment when it is restarted or moved: limits are not kept for that long, and instructions arrive all the
same.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)
T = TypeVar("T")
_OCTETS: Final = "$octets"
_MOMENT: Final = "$at"
AWAY_SECONDS: Final = 5.0
"""So long nobody asks again: to find out that nobody answers may take a while."""


class JsonSerializer:
    """Values as JSON: whoever writes into the cache must not be able to run anything by it.

    Octets, moments and tuples come back as octets, moments and lists; anything else is refused.
    """

    def dumps(self, value: Any) -> bytes | int:
        """Write a value; a whole number stays one, so that the server can count on."""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value, default=_checked, separators=(",", ":")).encode()

    def loads(self, text: bytes) -> Any:
        """Read a value; what cannot be read is not remembered."""
        try:
            return json.loads(text, object_hook=_read)
        except ValueError:
            return None


def _checked(value: Any) -> dict[str, str]:
    if isinstance(value, bytes):
        return {_OCTETS: base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    raise TypeError(f"The cache keeps no {type(value).__name__}.")


def _read(value: dict[str, Any]) -> Any:
    if value.keys() == {_OCTETS}:
        return base64.b64decode(value[_OCTETS])
    if value.keys() == {_MOMENT}:
        return datetime.fromisoformat(value[_MOMENT])
    return value


class ForgetfulRedisCache(RedisCache):
    """Django's cache in Redis; while nobody answers it holds nothing."""

    #: Until when each server is not asked. Django makes a cache a thread: what one has found out is for all.
    _away_until: ClassVar[dict[str, float]] = {}

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "socket_connect_timeout": 1,
            "socket_timeout": 2,
            "retry": Retry(NoBackoff(), 1),  # a connection that was kept may be one to a server that has gone
            **params.get("OPTIONS", {}),
        }
        super().__init__(server, {**params, "OPTIONS": options})
        self._server = server

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what is remembered, if anything."""
        return self._answer_or(lambda: super(ForgetfulRedisCache, self).get(key, default, version), default)

    def set(
        self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Remember."""
        self._answer_or(lambda: super(ForgetfulRedisCache, self).set(key, value, timeout, version), None)

    def add(
        self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Remember what is not remembered yet; of an empty cache that is everything."""
        return self._answer_or(
            lambda: super(ForgetfulRedisCache, self).add(key, value, timeout, version), otherwise=True
        )

    def touch(self, key: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Remember for longer."""
        return self._answer_or(
            lambda: super(ForgetfulRedisCache, self).touch(key, timeout, version), otherwise=False
        )

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget."""
        return self._answer_or(lambda: super(ForgetfulRedisCache, self).delete(key, version), otherwise=False)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count on; where nothing is counted yet, the first one is.

        Raises:
            ValueError: there is nothing to count on from.
        """
        return self._answer_or(lambda: super(ForgetfulRedisCache, self).incr(key, delta, version), delta)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Return whether anything is remembered."""
        return self._answer_or(
            lambda: super(ForgetfulRedisCache, self).has_key(key, version), otherwise=False
        )

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """Return what is remembered of all this."""
        return self._answer_or(lambda: super(ForgetfulRedisCache, self).get_many(keys, version), {})

    def set_many(
        self, data: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Remember all this."""
        return self._answer_or(lambda: super(ForgetfulRedisCache, self).set_many(data, timeout, version), [])

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        """Forget all this."""
        self._answer_or(lambda: super(ForgetfulRedisCache, self).delete_many(keys, version), None)

    def clear(self) -> None:
        """Forget everything."""
        self._answer_or(lambda: super(ForgetfulRedisCache, self).clear(), None)

    def _answer_or(self, ask: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._away_until.get(self._server, 0):
            return otherwise
        try:
            return ask()
        except (RedisError, OSError) as problem:
            self._away_until[self._server] = time.monotonic() + AWAY_SECONDS
            log.warning("cache.away", problem=str(problem), seconds=AWAY_SECONDS)
            return otherwise
