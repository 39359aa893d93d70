"""The second lock: policies by which the database shows a request the rows of one organisation (ADR 17).

Each area says in its `row_policies` which rows of its tables an organisation sees. Queries name the
organisation all the same: a policy keeps rows back, and finds none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module, util
from typing import Final

from django.apps import apps
from django.conf import settings

from portal.kernel import tenancy
from portal.kernel.statements import quoted

OWN: Final = "(SELECT nullif(current_setting('portal.organisation', true), '')::integer)"
"""The organisation a request is answered for; a query of its own, so that it is asked once a statement."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of a table requests see and write: those of their organisation, or all."""

    shown: str
    """A condition, true of the rows an organisation sees; `{table}` stands for the table."""
    all_to: tuple[str, ...] = ()
    """The roles of requests that see all rows."""
    shown_to_csps: str = ""
    """A condition, true of what a CSP sees besides."""
    are_added_for_others: bool = False
    """Such as a notice to another organisation: written, and not seen."""


def owned(column: str = "organisation_id", *, all_to: tuple[str, ...] = ()) -> Rows:
    """Return that rows belong to the organisation a column names."""
    return Rows(f"{column} = {OWN}", all_to)


def part_of(parent: str, column: str, *, all_to: tuple[str, ...] = ()) -> Rows:
    """Return that rows are seen by whoever sees the row of another table they belong to."""
    return Rows(f"EXISTS (SELECT FROM {parent} AS own WHERE own.id = {{table}}.{column})", all_to)


def parts_of(parent: str, column: str, *tables: str, all_to: tuple[str, ...] = ()) -> dict[str, Rows]:
    """Return that rows of several tables are parts of another's."""
    return {table: part_of(parent, column, all_to=all_to) for table in tables}


def row_policies() -> Mapping[str, Rows]:
    """Return which tables are locked, and how."""
    locked: dict[str, Rows] = {}
    for app in apps.get_app_configs():
        module = f"{app.name}.row_policies"
        if util.find_spec(module):
            locked |= import_module(module).ROW_POLICIES
    return locked


def policies(table: str, rows: Rows) -> Iterator[tuple[str, str]]:
    """Return the policies of a table, by name, as they are made."""
    # A condition that is always true is left out by the planner: it costs nothing.
    yield "workers", f"TO {quoted(settings.DATABASE_ROLE)} USING (true)"
    yield "requests", f"TO {tenancy.WEB} USING ({rows.shown.format(table=table)})"
    for role in rows.all_to:
        yield f"all_of_{role}", f"TO {role} USING (true)"
    if rows.shown_to_csps:
        yield "csps", f"TO {tenancy.CSP} USING ({rows.shown_to_csps})"
    if rows.are_added_for_others:
        yield "additions", f"FOR INSERT TO {tenancy.WEB} WITH CHECK (true)"
