"""Base backups of a server of ours, with every piece of its log: restored to a moment, or made a standby."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from portal.embedded.failures import CannotStart
from portal.embedded.postgres import ADMIN, OWNER, USER, PostgresServer

_WITHIN: Final = 60.0
_LOOK_EVERY: Final = 0.1


class RestorePoint:
    """A moment with a name, to which a server can be restored."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        """Name this moment, and wait until the log up to it is in the archive.

        Raises:
            CannotStart: it does not come there.
        """
        self.name = name
        with _admin(server) as connection:
            connection.execute("SELECT pg_create_restore_point(%s)", [name])
            piece = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        if not piece:
            raise CannotStart("PostgreSQL does not say where its log is.")
        _wait_until((server.archive / str(piece[0])).is_file, "The log does not reach the archive.")


def back_up(server: PostgresServer, to: Path, *options: str) -> None:
    """Copy a running server's data, as `pg_basebackup` does, with the log needed to begin with.

    Raises:
        CannotStart: PostgreSQL says no.
    """
    to.mkdir(mode=0o700)
    server.method.give(to)
    made = subprocess.run(  # noqa: S603 - a program we found ourselves
        [
            *(server.method.programs / "pg_basebackup", "--pgdata", to, "--wal-method=stream"),
            *("--checkpoint=fast", "--no-sync", *options, "--dbname", server.url("", role=ADMIN)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
        **server.method.arguments(),
    )
    if made.returncode:
        raise CannotStart(f"No backup was made: {made.stderr}")


def restore(server: PostgresServer, backup: Path, point: RestorePoint) -> None:
    """Start a server that is down from a backup, with its log up to a moment, on the port it had.

    What it held is moved aside.
    """
    lost = server.data.with_name(f"lost-{time.time_ns()}")
    server.data.rename(lost)
    backup.rename(server.data)
    settings = {
        "restore_command": f'cp "{server.archive}/%f" "%p"',
        "recovery_target_name": point.name,
        "recovery_target_action": "promote",
    }
    with (server.data / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    (server.data / "recovery.signal").touch()
    server.method.give(server.data / "recovery.signal")
    server.restart()
    wait_until_it_writes(server)
    with _admin(server) as connection:  # else a standby of it would stop at this moment, too
        for name in settings:
            connection.execute(SQL("ALTER SYSTEM RESET {}").format(Identifier(name)))


def make_standby(server: PostgresServer, home: Path, *, port: int) -> PostgresServer:
    """Return a running standby that follows a server, and answers what it is asked on its own port."""
    home.mkdir(mode=0o700)
    for role in (ADMIN, OWNER, USER):
        shutil.copy(server.home / f"password-{role}", home)
    standby = PostgresServer(home)
    standby.prepare()
    standby.data.rmdir()
    back_up(server, standby.data, "--write-recovery-conf")
    standby.start(port=port)
    return standby


def promote(standby: PostgresServer) -> None:
    """Let a standby go on by itself, and wait until it takes writes."""
    with _admin(standby) as connection:
        connection.execute("SELECT pg_promote()")
    wait_until_it_writes(standby)


def wait_until_it_writes(server: PostgresServer) -> None:
    """Wait until a server is no longer in recovery.

    Raises:
        CannotStart: it does not come out of it.
    """

    def writes() -> bool:
        with _admin(server) as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        return row is not None and not row[0]

    _wait_until(writes, "PostgreSQL stays in recovery.")


def _admin(server: PostgresServer) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(server.url("postgres", role=ADMIN), autocommit=True)


def _wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _WITHIN
    while not is_so():
        if time.monotonic() > deadline:
            raise CannotStart(otherwise)
        time.sleep(_LOOK_EVERY)
