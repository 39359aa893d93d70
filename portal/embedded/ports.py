"""Loopback ports: which are free."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import Final

from portal.embedded.failures import CannotStart

# Below what systems give to outgoing connections: else one of them may take the port before its server does.
_FIRST, _LAST = 20_000, 32_000
_TRIES: Final = 200


def free_port() -> int:
    """Return a port that nobody listens on now. Somebody may a moment later: the starter tries again.

    Raises:
        CannotStart: none was found among many.
    """
    chance = random.SystemRandom()
    for _ in range(_TRIES):
        port = chance.randint(_FIRST, _LAST)
        if not is_taken(port):
            return port
    raise CannotStart(f"No free port was found between {_FIRST} and {_LAST}.")


def is_taken(port: int) -> bool:
    """Return whether something holds this port."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def first_free(wished: int, *, tries: int = 20) -> int:
    """Return the wished port, or the next free one above it.

    Raises:
        CannotStart: all of them are taken.
    """
    for port in range(wished, wished + tries):
        if not is_taken(port):
            return port
    raise CannotStart(f"Ports {wished} to {wished + tries - 1} are all taken. Name a free one.")
