"""Connections to the server that takes writes: one to a server that was demoted is given up, and made anew.

Django finds the class by the name of this module.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

_MODE: Final = "SHOW transaction_read_only"


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a connection whether its server takes writes, where Django asks whether it answers."""

    def is_usable(self) -> bool:
        """Return whether the server answers and takes writes."""
        if self.connection is None:
            return False
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(_MODE)
                return bool(cursor.fetchone() == ("off",))
        except psycopg.Error:
            return False

    @property
    def pool(self) -> ConnectionPool[Any] | None:
        """The pool of this process, which checks what it hands out."""
        pool: ConnectionPool[Any] | None = super().pool
        if pool is not None:
            pool._check = _check_writes  # noqa: SLF001 - Django gives no other way to say it
        return pool


def _check_writes(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True  # as Django takes it from the pool
    if connection.execute(_MODE).fetchone() != ("off",):
        raise psycopg.OperationalError("The server takes no writes.")
