"""Connections to the server that takes writes: one to a server that was demoted is given up, and made anew.

Django finds the class by the name of this module.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

from portal.kernel import tenancy

_MODE: Final = "SHOW transaction_read_only"
_ACT_AS: Final = "SELECT set_config('role', %s, false), set_config('portal.organisation', %s, false)"
_ITSELF: Final = tenancy.Tenant("none")
_UNKNOWN: Final = tenancy.Tenant("")


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a connection whether its server takes writes, where Django asks whether it answers.

    Before a statement it tells the server for whom it is run, where that has changed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._acts_as = _UNKNOWN

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; what the server was told on the connection before this does not count."""
        self._acts_as = _UNKNOWN
        return super().get_new_connection(conn_params)

    def ensure_connection(self) -> None:
        """Connect where there is no connection, and act as whoever statements are run for."""
        super().ensure_connection()
        tenant = tenancy.current() or _ITSELF
        if tenant is self._acts_as or not (self.in_atomic_block or self.connection.autocommit):
            return  # or it is being connected
        if self.connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            return  # nothing is taken until it is rolled back, and then it is asked again
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(_ACT_AS, [tenant.role, str(tenant.organisation_id or "")])
        self._acts_as = tenant

    def _rollback(self) -> None:
        self._acts_as = _UNKNOWN  # what was told within it is forgotten
        super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self._acts_as = _UNKNOWN

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
            pool._reset = _act_as_nobody  # noqa: SLF001
        return pool


def _check_writes(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True  # as Django takes it from the pool
    if connection.execute(_MODE).fetchone() != ("off",):
        raise psycopg.OperationalError("The server takes no writes.")


def _act_as_nobody(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True
    connection.execute(_ACT_AS, ["none", ""])
