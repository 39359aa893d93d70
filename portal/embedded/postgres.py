"""A PostgreSQL server of our own: made, started, waited for, recovered and stopped.

It listens on loopback only, with a password, without a Unix socket (their paths are limited to 107 bytes).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from portal.embedded import binaries, tuning
from portal.embedded.failures import CannotStart, check_room
from portal.embedded.ports import free_port
from portal.embedded.privileges import LaunchMethod, choose_launch_method

ADMIN: Final = "postgres"
"""Makes databases and roles, and nothing else: no process of the portal logs in with it."""
OWNER: Final = "portal_owner"
"""Owns the tables, and migrates."""
USER: Final = "portal"
"""What serves people and machines: it owns nothing."""
_START_WITHIN: Final = 30.0
_RECOVER_WITHIN: Final = 60.0
_STOP_WITHIN: Final = 20.0

# The same order of words everywhere: docker-compose.yml gives its container the same.
INITDB: Final = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
INITDB_BEFORE_BUILTIN_LOCALES: Final = ("--encoding=UTF8", "--locale=C.UTF-8")

# As in deploy/postgres/request-roles.sql: a server that has them already is given nothing.
_REQUEST_ROLES: Final = """
DO $$
DECLARE request_role text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_web') THEN
        CREATE ROLE portal_web;
        ALTER ROLE portal NOINHERIT;
        FOREACH request_role IN ARRAY
            ARRAY['portal_supplier', 'portal_operator', 'portal_csp', 'portal_panel']
        LOOP
            EXECUTE format('CREATE ROLE %I IN ROLE portal_web', request_role);
        END LOOP;
        GRANT portal_web, portal_supplier, portal_operator, portal_csp, portal_panel TO portal;
    END IF;
END $$
"""

# The same plans as in production, whose build has the just-in-time compiler.
_ALWAYS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_FORGETFUL: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "5min",
}


class PostgresServer:
    """One server and its data directory. `durable=False` trades safety for speed: tests only."""

    def __init__(self, home: Path, *, durable: bool = True, archives: bool = False) -> None:
        """Keep data, log and password under `home`; each finished piece of the log too, if it `archives`."""
        self.home = home
        self.durable = durable
        self.archives = archives
        self.log = home / "postgres.log"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._way: LaunchMethod | None = None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._way.data if self._way else self.home / "data"

    @property
    def archive(self) -> Path:
        """Where finished pieces of the write-ahead log are kept."""
        return self.data.with_name("archive")

    @property
    def method(self) -> LaunchMethod:
        """How its programs are run, once it was prepared."""
        return self._way_taken()

    def url(self, database: str, *, role: str = USER) -> str:
        """Return what DATABASE_URL is to be."""
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> int:
        """Make its folders, and see that nobody else uses them; return the version of its programs.

        Raises:
            CannotStart: the disk is full, or another server uses the data.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_room(self.home)
        if self._lock is None:
            self._take_lock()
        installation = binaries.find_postgres()
        self._way = choose_launch_method(installation.programs, self.home / "data")
        if self.archives:
            self.archive.mkdir(mode=0o700, exist_ok=True)
            self._way.give(self.archive)
        return installation.version

    def url_beside(self, port: int, database: str) -> str:
        """Return what DATABASE_URL is to be where a standby on another port may take over."""
        who = f"{USER}:{self._password(USER)}"
        return f"postgresql://{who}@/{database}?host=127.0.0.1,127.0.0.1&port={self.port},{port}"

    def start(self, *, database: str = USER, port: int = 0) -> str:
        """Start the server, make the database if it is not there, and return its URL.

        Raises:
            CannotStart: the disk is full, another server uses the data, or PostgreSQL says no.
        """
        version = self.prepare()
        if not (self.data / "PG_VERSION").is_file():
            self._make(version)
        elif not self._password_file(ADMIN).is_file():
            raise CannotStart(
                f"{self.data} was made by an earlier version, whose portal was a superuser. "
                "Clear it with `make demo-reset`."
            )
        self._check_version(version)
        end_leftover(self.data)
        self._start_until_it_answers(port)
        self._ensure_database(database)
        return self.url(database)

    def is_running(self) -> bool:
        """Return whether the server process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of the server process; 0 where there is none."""
        return self._process.pid if self._process else 0

    def kill(self) -> None:
        """End it without a word, as a machine does that loses its power."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Stop fast and cleanly: connections are cut, what was committed is kept."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(_STOP_WITHIN)
        self._process = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def restart(self) -> None:
        """Start a server that died again, on the port it had, so that its URL stays true."""
        end_leftover(self.data)
        self._start_until_it_answers(port=self.port)

    def _take_lock(self) -> None:
        lock = (self.home / "launcher.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise CannotStart(
                f"Another run already uses {self.home}. Stop it first, or set PORTAL_VAR to another."
            ) from None
        self._lock = lock

    def _make(self, version: int) -> None:
        way = self._way_taken()
        locale = INITDB if version >= binaries.BUILTIN_LOCALES_SINCE else INITDB_BEFORE_BUILTIN_LOCALES
        password = self.data.with_name("initial-password")
        password.write_text(self._password(ADMIN))
        password.chmod(0o600)
        way.give(password)
        arguments = ["-D", str(self.data), "-U", ADMIN, "-A", "scram-sha-256"]
        if not self.durable:
            arguments.append("--no-sync")
        # Not readable below a home of mode 0700: hand the password over by an open file instead.
        with password.open("rb") as opened:
            password.unlink()
            made = subprocess.run(  # noqa: S603 - a program we found ourselves
                [str(way.programs / "initdb"), *locale, *arguments, "--pwfile=/dev/stdin"],
                stdin=opened,
                capture_output=True,
                text=True,
                check=False,
                env=_environment(),
                **way.arguments(),
            )
        if made.returncode != 0:
            raise CannotStart(_explained(made.stderr or made.stdout))

    def _check_version(self, version: int) -> None:
        made_by = int((self.data / "PG_VERSION").read_text())
        if made_by != version:
            raise CannotStart(
                f"{self.data} was made by PostgreSQL {made_by}, but the programs are {version}. "
                "Clear it with `make demo-reset`."
            )

    def _start_until_it_answers(self, port: int = 0) -> None:
        # Children of a killed server hold its lock for about a second; a free port may be taken meanwhile.
        deadline = time.monotonic() + _START_WITHIN
        while True:
            self.port = port or free_port()
            written = self.log.stat().st_size if self.log.exists() else 0
            self._process = self._launch()
            if self._answers():
                return
            output = _since(self.log, written)
            passing = any(
                text in output for text in ("already exists", "still in use", "Address already in use")
            )
            if not passing or time.monotonic() > deadline:
                raise CannotStart(_explained(output))
            time.sleep(0.3)

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = _ALWAYS | tuning.settings_for(tuning.memory_of_this_machine())
        settings |= {} if self.durable else _FORGETFUL
        if self.archives:
            settings |= {"archive_mode": "on", "archive_command": f'cp "%p" "{self.archive}/%f"'}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - a program we found ourselves
                [self._way_taken().programs / "postgres", "-D", self.data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
                **self._way_taken().arguments(dies_by=signal.SIGINT),
            )

    def _answers(self) -> bool:
        deadline = time.monotonic() + _RECOVER_WITHIN
        while self.is_running():
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    self.stop()
                    return False
                time.sleep(0.05)
            else:
                return True
        return False

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url(database, role=ADMIN), connect_timeout=2, autocommit=True)

    def _ensure_database(self, name: str) -> None:
        with self._connect("postgres") as connection:
            for role in (OWNER, USER):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(
                        SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                            Identifier(role), Literal(self._password(role))
                        )
                    )
            connection.execute(_REQUEST_ROLES)
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(
                    SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(OWNER))
                )

    def _password(self, role: str) -> str:
        path = self._password_file(role)
        if not path.is_file():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    def _password_file(self, role: str) -> Path:
        # Beside the data, which may have been moved under /var/tmp, but readable by us alone.
        return self.home / f"password-{role}"

    def _way_taken(self) -> LaunchMethod:
        if self._way is None:
            raise CannotStart("PostgreSQL was not started.")
        return self._way


@contextlib.contextmanager
def running(
    home: Path, *, durable: bool = True, archives: bool = False, database: str = USER
) -> Iterator[PostgresServer]:
    """Have a server for the length of a block."""
    server = PostgresServer(home, durable=durable, archives=archives)
    try:
        server.start(database=database)
        yield server
    finally:
        server.stop()


def end_leftover(data: Path) -> None:
    """End a server whose launcher was killed, and make the lock of one that is gone harmless.

    Only called by the one who holds the launcher's lock, so that no running portal loses its database.
    A process that merely got the dead server's number is left alone.

    Raises:
        CannotStart: the server does not stop.
    """
    lock = data / "postmaster.pid"
    try:
        first, _, rest = lock.read_text().partition("\n")
        pid = int(first)
    except FileNotFoundError:
        return
    except ValueError:
        lock.unlink()
        return
    if _serves(pid, data):
        _end(pid, data)
    elif Path("/proc", str(pid)).exists():
        # PostgreSQL would take that process for a server. It forgives its own parent, and then still looks
        # at the rest of the file for children of the dead server: without the file it could not.
        lock.write_text(f"{os.getpid()}\n{rest}")


def _end(pid: int, data: Path) -> None:
    for number in (signal.SIGINT, signal.SIGQUIT):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + _STOP_WITHIN / 2
        while time.monotonic() < deadline:
            if not _serves(pid, data):
                return
            time.sleep(0.05)
    raise CannotStart(f"A PostgreSQL (process {pid}) still uses {data} and does not stop. End it first.")


def _serves(pid: int, data: Path) -> bool:
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"postgres") and os.fsencode(data) in words


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {"LC_ALL": "C", "TZ": "UTC", **inherited}


def _since(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")


def _explained(output: str) -> str:
    if "No space left on device" in output:
        return (
            "The disk is full, and PostgreSQL could not start. Make room, or set PORTAL_VAR to another disk."
        )
    return f"PostgreSQL did not start. It said:\n{output.strip()[-3000:]}"
