"""A way to a server that can be lost without a word: nothing is refused or closed, nothing is acknowledged any more."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_ATTACH_FILTER: Final = 26
_DETACH_FILTER: Final = 27
#: One instruction of the kernel's packet filter: take no octet of what arrives, so that it is as good as never sent.
_TAKE_NOTHING: Final = struct.pack("HBBI", 0x06, 0, 0, 0)


class LossyWay:
    """A TCP proxy to one address; while it is lost, segments of its callers go unanswered as on a dead network."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._callers: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self) -> None:
        """Take nothing more from those who are connected, nor from those who try to connect."""
        code = ctypes.create_string_buffer(_TAKE_NOTHING)
        program = struct.pack("HP", 1, ctypes.addressof(code))
        with self._lock:
            for each in (self._listening, *self._callers):
                with suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)

    def find(self) -> None:
        """Take new callers again; the lost connections stay lost, as their other end is gone."""
        self._listening.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)

    def close(self) -> None:
        """Let go of everybody."""
        with self._lock:
            for each in (self._listening, *self._callers, *self._servers):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                server = socket.create_connection(self._target)
                with self._lock:
                    self._callers.append(caller)
                    self._servers.append(server)
                for source, sink in ((caller, server), (server, caller)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def lossy_way(host: str, port: int) -> Iterator[LossyWay]:
    """Have such a way for the length of a block."""
    way = LossyWay(host, port)
    try:
        yield way
    finally:
        way.close()
