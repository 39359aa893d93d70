"""Processes that die at a statement of their choice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import transaction


class Killed(BaseException):
    """The process is gone: nothing catches this."""


@contextlib.contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, at: int) -> Iterator[list[int]]:
    """Let the process die before its statement number `at`; yield how many there were. A commit happens or not."""
    execute, count = psycopg.Cursor.execute, [0]

    def counting(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        if not str(query).startswith("RELEASE SAVEPOINT"):
            count[0] += 1
            if count[0] == at:
                raise Killed
        return execute(cursor, query, params, **options)

    with monkeypatch.context() as patched, contextlib.suppress(Killed):
        patched.setattr(psycopg.Cursor, "execute", counting)
        yield count


def deaths(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> Iterator[int]:
    """Let an act die before each of its statements in turn, always from the same beginning; yield before which."""
    at, is_done = 0, False
    while not is_done:
        at += 1
        start = transaction.savepoint()
        with dying(monkeypatch, at) as count:
            act()
        is_done = count[0] < at
        yield at
        transaction.savepoint_rollback(start)
