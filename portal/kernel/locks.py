"""Advisory locks: who may do a thing alone, and how a stop waits for what is under way.

A session lock outlives a transaction, so it may be held across one bounded network call;
the lock dies with its process. Keys are pairs (class, id).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class LockClass(IntEnum):
    """What a lock is about; the id beside it says which one."""

    ROLLOUT = 7301
    SEQUENCER = 7302
    TALLY_FOLD = 7303
    REGION = 7304
    PLANNER = 7305
    HALT_RULES = 7307
    WINDOW = 7310
    SWEEP = 7311
    RESCHEDULE = 7312
    PHASES = 7313
    SILENCE = 7314


@contextmanager
def shared(lock: LockClass, ident: int) -> Iterator[None]:
    """Hold a session lock others may share; wait for an exclusive holder to finish."""
    with _held("pg_advisory_lock_shared", "pg_advisory_unlock_shared", lock, ident):
        yield


@contextmanager
def exclusive(lock: LockClass, ident: int) -> Iterator[None]:
    """Hold a session lock alone; wait until everybody else has let go."""
    with _held("pg_advisory_lock", "pg_advisory_unlock", lock, ident):
        yield


@contextmanager
def attempted(lock: LockClass, ident: int) -> Iterator[bool]:
    """Try to hold a session lock alone, without waiting; yield whether it was had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [int(lock), ident])
        had = bool(cursor.fetchone()[0])
    try:
        yield had
    finally:
        if had:
            _call("pg_advisory_unlock", lock, ident)


def held_in_transaction(lock: LockClass, ident: int) -> bool:
    """Try to take a lock that ends with the transaction; return whether it was had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [int(lock), ident])
        return bool(cursor.fetchone()[0])


@contextmanager
def _held(take: str, give: str, lock: LockClass, ident: int) -> Iterator[None]:
    _call(take, lock, ident)
    try:
        yield
    finally:
        _call(give, lock, ident)


def _call(function: str, lock: LockClass, ident: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [int(lock), ident])
