"""While a journey waits for work to be done, its surroundings may fail: it looks again until they answer.

The other side is `portal.embedded.script_lock`: whoever has the lock may break what an act would need.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, TypeVar

import httpx
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from portal.embedded.script_lock import SCRIPT_LOCK

T = TypeVar("T")
_PATIENCE: Final = 180.0
_AGAIN: Final = 0.5


class _Lock:
    file: IO[str] | None = None


def begin_acting() -> None:
    """Hold the lock from now on, but for what `passing` surrounds."""
    _Lock.file = (Path(settings.VAR_DIR) / SCRIPT_LOCK).open("a")
    fcntl.flock(_Lock.file, fcntl.LOCK_EX)


@contextlib.contextmanager
def passing() -> Iterator[None]:
    """Let whatever is around fail for the length of a block, and wait at its end until it is well."""
    if _Lock.file is None:
        yield
        return
    fcntl.flock(_Lock.file, fcntl.LOCK_UN)
    try:
        yield
    finally:
        fcntl.flock(_Lock.file, fcntl.LOCK_EX)
        connection.close()


def patiently(look: Callable[[], T]) -> T:
    """Look, and look again while the database or the simulator does not answer.

    Raises:
        OperationalError | InterfaceError | httpx.TransportError: it does not answer for minutes.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return look()
        except (OperationalError, InterfaceError, httpx.TransportError):
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(_AGAIN)
