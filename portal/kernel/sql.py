"""Running statements, and COPY: how sets of rows move. `portal.kernel.statements` has what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from django.db import connection
from psycopg import Cursor
from psycopg import sql as pgsql
from psycopg.rows import namedtuple_row

from portal.kernel.statements import Sql, literal, quoted, statement
from portal.kernel.transactions import run_once_after_commit

__all__ = [
    "Row",
    "Sql",
    "after_insert",
    "copy_blocks",
    "copy_out",
    "copy_rows",
    "execute",
    "fetch_all",
    "fetch_arrays",
    "fetch_one",
    "from_json",
    "rows",
    "run",
    "set_local",
    "statement",
]

Row = Any
_ROWS_A_PIECE = 1000
_after_insert: dict[str, Callable[[], object]] = {}


def after_insert(table: str, callback: Callable[[], object]) -> None:
    """Have a callback run once after each commit of what a statement inserts into a table; it may be lost."""
    _after_insert[f"INSERT INTO {table} "] = callback


def run(what: Sql | str, params: Mapping[str, object] | None = None) -> int:
    """Run a statement; return how many rows it touched."""
    text, given = _text_and_params(what, params)
    with connection.cursor() as cursor:
        cursor.execute(text, given)
        _announce(text)
        return int(cursor.rowcount)


def rows(what: Sql | str, params: Mapping[str, object] | None = None) -> list[Row]:
    """Run a statement; return its rows as named tuples."""
    connection.ensure_connection()
    raw = connection.connection
    text, given = _text_and_params(what, params)
    with connection.wrap_database_errors, raw.cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute(text, given)
        _announce(text)
        return list(cursor.fetchall())


def set_local(**settings: str) -> None:
    """Change settings of the server for the rest of the transaction, such as `work_mem="64MB"`."""
    run("; ".join(f"SET LOCAL {quoted(name)} = {literal(value)}" for name, value in settings.items()))


def analyze(table: str) -> None:
    """Take the statistics of a table of ours, which the application does not own."""
    run("SELECT kernel_analyze(%(table)s)", {"table": table})


def from_json(value: str | bytes | None) -> Any:
    """Decode a jsonb value: on Django's connections psycopg hands it over as text."""
    return None if value is None else orjson.loads(value)


def execute(app: str, name: str, **params: object) -> int:
    """Run a named statement; return how many rows it touched."""
    return run(statement(app, name), params)


def fetch_all(app: str, name: str, **params: object) -> list[Row]:
    """Run a named statement; return its rows as named tuples."""
    return rows(statement(app, name), params)


def fetch_one(app: str, name: str, **params: object) -> Row:
    """Run a named statement that answers with exactly one row.

    Raises:
        LookupError: it answered with none, or with several.
    """
    rows = fetch_all(app, name, **params)
    if len(rows) != 1:
        raise LookupError(f"{app}/{name}.sql answered with {len(rows)} rows, expected one")
    return rows[0]


def copy_rows(table: str, columns: Sequence[str], source: Iterable[Sequence[object]]) -> int:
    """Stream Python rows into a table with COPY; return how many."""
    count = 0
    with _copy_in(table, columns) as copy:
        for row in source:
            copy.write_row(row)
            count += 1
    return count


def copy_blocks(table: str, columns: Sequence[str], blocks: Iterable[bytes], *, options: str = "") -> int:
    """Stream ready-made COPY text (or what `options` says, e.g. `FORMAT binary`) into a table.

    Returns the number of rows PostgreSQL took.
    """
    connection.ensure_connection()
    statement = pgsql.SQL("COPY {} ({}) FROM STDIN" + (f" WITH ({options})" if options else "")).format(
        pgsql.Identifier(table), pgsql.SQL(", ").join(map(pgsql.Identifier, columns))
    )
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in blocks:
                copy.write(block)
        return int(cursor.rowcount)


def copy_out(
    query: Sql | str, params: Mapping[str, object] | None = None, *, options: str = "FORMAT csv"
) -> Iterator[bytes]:
    """Stream the answer of a query as COPY text, in constant memory.

    The caller keeps the connection for as long as it reads: use a read of its own.
    """
    connection.ensure_connection()
    text, values = _text_and_params(query, params)
    with (
        connection.wrap_database_errors,
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY ({text}) TO STDOUT WITH ({options})", values) as copy,
    ):
        for block in copy:
            yield bytes(block)


def fetch_arrays(what: Sql | str, params: Mapping[str, object], *types: str) -> tuple[npt.NDArray[Any], ...]:
    """Run a statement whose only row packs columns (`string_agg(int8send(x), '')`); return them as arrays.

    `types` are those of NumPy, big-endian as PostgreSQL sends, such as `>i8`; nothing at all is no element.
    """
    connection.ensure_connection()
    # Django's own cursors put parameters into the text themselves, and then nothing comes back in binary.
    with Cursor(connection.connection) as cursor:
        cursor.execute(*_text_and_params(what, params), binary=True)
        row = cursor.fetchone() or [None] * len(types)
    pairs = zip(row, types, strict=True)
    return tuple(
        np.frombuffer(value or b"", dtype=kind).astype(np.dtype(kind).newbyteorder("="))
        for value, kind in pairs
    )


def _text_and_params(what: Sql | str, params: Mapping[str, object] | None) -> tuple[str, dict[str, Any]]:
    if isinstance(what, Sql):
        return what.text, {**what.params, **(params or {})}
    return what, dict(params or {})


def _announce(text: str) -> None:
    for beginning, callback in _after_insert.items():
        if beginning in text:
            run_once_after_commit(callback)


@contextmanager
def _copy_in(table: str, columns: Sequence[str]) -> Iterator[Any]:
    connection.ensure_connection()
    statement = pgsql.SQL("COPY {} ({}) FROM STDIN").format(
        pgsql.Identifier(table), pgsql.SQL(", ").join(map(pgsql.Identifier, columns))
    )
    with (
        connection.wrap_database_errors,
        connection.connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        yield copy
