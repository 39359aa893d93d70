"""Rows put where a test needs them, past the guards that hold the portal to its tables of moves.

A test says where hubs and rollouts stand when it begins ("activated, with 40 hubs failed") and does not walk them
there. So a statement is let past the guards where a test issued it, and never where the portal did.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import psycopg
from django.db import connection

from portal.embedded import postgres
from rollouts.states.guards import GUARDS

_ROOT: Final = Path(__file__).resolve().parent.parent
_TESTS: Final = f"{_ROOT}/tests/"
_KERNEL: Final = f"{_ROOT}/portal/kernel/"
_OURS: Final = tuple(
    f"{_ROOT}/{package}/" for package in ("portal", "rollouts", "notifications", "hubsim", "tests")
)
_OWNERS: Final = re.compile(
    r"\A\s*(?:(?:TRUNCATE|DROP|ALTER|ANALYZE|CREATE (?!TEMP))|(?:UPDATE|DELETE FROM) \"?events_)",
    re.IGNORECASE,
)
"""What the application may not do, and a test does where it puts rows."""
_UPDATE: Final = re.compile(rf"\bUPDATE\s+\"?({'|'.join(guard.table for guard in GUARDS)})", re.IGNORECASE)


def place_freely(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Run a statement of Django's cursors; let it past the guards if a test issued it."""
    is_guarded, is_owners = _UPDATE.search(sql), _OWNERS.match(sql)
    if not (is_guarded or is_owners) or not _is_issued_by_test(sys._getframe(1)):
        return execute(sql, params, many, context)
    with as_owner() if is_owners else unguarded():
        return execute(sql, params, many, context)


@contextmanager
def as_owner() -> Iterator[None]:
    """Let this connection do what the application may not, such as change tables and the journal."""
    connection.ensure_connection()
    if connection.settings_dict["USER"] != postgres.USER:
        yield
        return
    with connection.connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {postgres.OWNER}")
        try:
            yield
        finally:
            # In a transaction that has failed nothing more is taken; rolled back, the role is what it was.
            if connection.connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
                cursor.execute("RESET ROLE")


@contextmanager
def unguarded() -> Iterator[None]:
    """Let this connection move rows anywhere."""
    _guard("off")
    try:
        yield
    finally:
        # In a transaction that has failed nothing more is taken; rolled back, the guards are on again.
        if connection.connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            _guard("on")


def _guard(setting: str) -> None:
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('portal.guard_moves', %s, false)", [setting])


def _is_issued_by_test(frame: FrameType | None) -> bool:
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OURS) and not name.startswith(_KERNEL) and name != __file__:
            return name.startswith(_TESTS)
        frame = frame.f_back
    return False
