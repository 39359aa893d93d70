"""The stores a run needs, ours or those the environment names, and the variables that lead to them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portal.embedded import postgres, valkey
from portal.embedded.failures import CannotStart
from portal.embedded.ports import free_port
from portal.embedded.privileges import copied_home
from portal.embedded.processes import Server

_ADDRESSES: Final = "services.env"
_LOCK: Final = "postgres/launcher.lock"


@dataclass(frozen=True, slots=True)
class Services:
    """Running stores: what child processes find in their environment, and the servers to be watched."""

    variables: Mapping[str, str]
    servers: tuple[Server, ...]
    owner_url: str
    """By which whoever migrates reaches the database."""
    admin_url: str = ""
    """Of our own server: by which databases and roles are made."""
    standby_port: int = 0
    """Where a standby of our own server may take over; processes look for the database there, too."""


@contextlib.contextmanager
def environment(
    var: Path, *, durable: bool = True, archives: bool = False, may_fail_over: bool = False
) -> Iterator[Services]:
    """Have a database and a broker for the length of a block.

    Those that DATABASE_URL and REDIS_URL name, else our own.

    Raises:
        CannotStart: one of ours does not start.
    """
    with contextlib.ExitStack() as stack:
        servers: list[Server] = []
        standby_port = 0
        variables = {"PORTAL_VAR": str(var), "SECRET_KEY": _secret_key(var)}
        if url := os.environ.get("DATABASE_URL"):
            variables["DATABASE_URL"] = url
            owner_url, admin_url = os.environ.get("DATABASE_OWNER_URL") or url, ""
        else:
            database = stack.enter_context(
                postgres.running(var / "postgres", durable=durable, archives=archives)
            )
            variables["DATABASE_URL"] = database.url(postgres.USER)
            owner_url, admin_url = (
                database.url(postgres.USER, role=role) for role in (postgres.OWNER, postgres.ADMIN)
            )
            if may_fail_over:
                standby_port = free_port()
                variables["DATABASE_URL"] = database.url_beside(standby_port, postgres.USER)
            servers.append(database)
        if url := os.environ.get("REDIS_URL"):
            variables["REDIS_URL"] = url
        else:
            broker = stack.enter_context(valkey.running(var / "valkey"))
            variables["REDIS_URL"] = broker.url
            cache = stack.enter_context(
                valkey.running(var / "valkey-cache", most="256mb", policy="allkeys-lru")
            )
            variables["CACHE_URL"] = cache.url
            servers += [broker, cache]
        stack.enter_context(_published(var / _ADDRESSES, variables))
        yield Services(variables, tuple(servers), owner_url, admin_url, standby_port)


def join_running(var: Path) -> None:
    """Put the addresses of a run that is under way into our environment; ignore those of a dead one."""
    addresses = var / _ADDRESSES
    if "DATABASE_URL" in os.environ or not addresses.is_file() or not _is_held(var / _LOCK):
        return
    for line in addresses.read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, value)


def clear(var: Path) -> None:
    """Remove the state of earlier runs.

    Raises:
        CannotStart: a run is under way there.
    """
    if _is_held(var / _LOCK):
        raise CannotStart(f"A run is under way in {var}. Stop it first.")
    copied = copied_home(var / "postgres" / "data")
    for directory in (var, copied):
        if directory.is_dir() and not directory.is_symlink():
            shutil.rmtree(directory)


@contextlib.contextmanager
def _published(path: Path, variables: Mapping[str, str]) -> Iterator[None]:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _secret_key(var: Path) -> str:
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = var / "secret-key"
    var.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def _is_held(lock: Path) -> bool:
    if not lock.is_file():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
