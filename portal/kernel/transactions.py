"""Who opens a transaction, who needs one, and who must not have one.

A use case opens exactly one (`unit_of_work`). A helper that writes asks for one
(`inside_unit_of_work`). Code that calls the outside world forbids one
(`outside_unit_of_work`). Nothing else in the project spells `atomic`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

P = ParamSpec("P")
R = TypeVar("R")
_TRIES: Final = 4


class UnitOfWorkOpen(RuntimeError):
    """The outside world must not be called while a transaction holds locks."""


class NoUnitOfWork(RuntimeError):
    """This helper writes, so its caller must have opened a unit of work."""


def unit_of_work(use_case: Callable[P, R]) -> Callable[P, R]:
    """Run the use case in one durable transaction; refuse to nest in another."""
    return transaction.atomic(durable=True)(use_case)  # noqa: TID251 - the one place


def retry_on_deadlock(use_case: Callable[P, R]) -> Callable[P, R]:
    """Retry a unit of work that the database ended to resolve a deadlock: nothing of it has happened.

    For those that must meet rows in an order others do not keep.
    """

    @wraps(use_case)
    def persistent(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(_TRIES - 1):
            try:
                return use_case(*args, **kwargs)
            except OperationalError as problem:
                if not isinstance(problem.__cause__, DeadlockDetected):
                    raise
        return use_case(*args, **kwargs)

    return persistent


def inside_unit_of_work(helper: Callable[P, R]) -> Callable[P, R]:
    """Fail at once, rather than commit half of a use case by accident."""

    @wraps(helper)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_open():
            raise NoUnitOfWork(helper.__qualname__)
        return helper(*args, **kwargs)

    return guarded


def outside_unit_of_work(call: Callable[P, R]) -> Callable[P, R]:
    """Fail at once, rather than hold locks across the network."""

    @wraps(call)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_open():
            raise UnitOfWorkOpen(call.__qualname__)
        return call(*args, **kwargs)

    return guarded


def run_after_commit(callback: Callable[[], object]) -> None:
    """Ring somebody once the rows are there for all to see; a lost ring must cost time only."""
    transaction.on_commit(callback, robust=True)


def run_once_after_commit(callback: Callable[[], object]) -> None:
    """Ring as `run_after_commit` does, once, however often a transaction asks for it."""
    if not any(waiting is callback for _, waiting, *_ in transaction.get_connection().run_on_commit):
        run_after_commit(callback)


def is_open() -> bool:
    """Return whether one of our transactions is open.

    The transaction a test case wraps around a test is not one of ours: code that
    forgot to open its own must fail in tests as it would in production.
    """
    blocks = transaction.get_connection().atomic_blocks
    return any(not block._from_testcase for block in blocks)  # noqa: SLF001
