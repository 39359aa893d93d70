"""A Valkey server of our own: in memory only, on loopback, with a password."""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.embedded import binaries
from portal.embedded.failures import CannotStart, last_lines
from portal.embedded.ports import free_port
from portal.embedded.privileges import follow_parent

_START_WITHIN: Final = 10.0
_TRIES: Final = 5


class ValkeyServer:
    """One server. It keeps nothing: what must not be lost is in PostgreSQL."""

    def __init__(self, home: Path, *, most: str = "256mb", policy: str = "noeviction") -> None:
        """Keep the log under `home`; hold so much at most, and do by the policy what is beyond that."""
        self.home = home
        self._limits = f"maxmemory {most}\nmaxmemory-policy {policy}\n"
        self.log = home / "valkey.log"
        self.port = 0
        self._password = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL is to be."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Start the server on a free port and return its URL.

        Raises:
            CannotStart: there is no program, or it died.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _ in range(_TRIES):
            self.port = free_port()
            if self._launch():
                return self.url
        raise CannotStart(f"Valkey did not start. It said:\n{last_lines(self.log)}")

    def is_running(self) -> bool:
        """Return whether the server process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of the server process; 0 where there is none."""
        return self._process.pid if self._process else 0

    def restart(self) -> None:
        """Start a server that died again, on the port it had, so that its URL stays true."""
        if not self._launch():
            raise CannotStart(f"Valkey did not start again. It said:\n{last_lines(self.log)}")

    def stop(self) -> None:
        """Stop the server."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
        self._process = None

    def _launch(self) -> bool:
        # The password goes in by the standard input, where the list of processes does not show it.
        settings = (
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\n"
            'save ""\nappendonly no\ndaemonize no\nunixsocket ""\n'
            f"{self._limits}"
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program we found ourselves
                [binaries.find_valkey(), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
                preexec_fn=lambda: follow_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads yet
            )
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as settings_in:
                settings_in.write(settings.encode())
        return self._answers()

    def _answers(self) -> bool:
        deadline = time.monotonic() + _START_WITHIN
        while self.is_running() and time.monotonic() < deadline:
            client = redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0))
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.03)
            else:
                return True
            finally:
                client.close()
        self.stop()
        return False


@contextlib.contextmanager
def running(home: Path, **limits: str) -> Iterator[ValkeyServer]:
    """Have a server for the length of a block."""
    server = ValkeyServer(home, **limits)
    try:
        server.start()
        yield server
    finally:
        server.stop()
