"""Loopback ports: which are free."""

from __future__ import annotations

import contextlib
import socket

from portal.embedded.failures import CannotStart


def free_port() -> int:
    """Return a port that nobody listens on now. Somebody may a moment later: the starter tries again."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Tell whether something holds this port."""
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
