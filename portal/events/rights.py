"""What the role of the application may do: rows, and no tables; of the journal, write and never take back.

The tables are made by their owner, who migrates. The processes that serve people and machines have a role of
their own (`DATABASE_ROLE`), neither owner nor superuser: whoever gets hold of one changes no table, runs no
program of the server, and cannot rewrite what happened. Where there is one role alone nothing is granted.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from portal.kernel import row_security, sql, tenancy
from portal.kernel.statements import Sql, literal


def grant_rights(**_: Any) -> None:
    """Give the application its rights to what the owner has just migrated; connected to `post_migrate`."""
    role = settings.DATABASE_ROLE
    if sql.fetch_one("portal.events", "role_to_grant", role=role).is_apart:
        sql.run(sql.statement("portal.events", "grant_rights", role=role))
        if settings.ROW_LEVEL_SECURITY:
            _check_roles()
            roles = {"role": tenancy.WEB, "operator": tenancy.OPERATOR}
            sql.run(sql.statement("portal.events", "grant_request_rights", **roles))
            _protect_rows()


def _check_roles() -> None:
    """Refuse to go on without the roles of requests.

    Raises:
        RuntimeError: some are missing.
    """
    there = {row.name for row in sql.fetch_all("portal.events", "role_names")}
    if missing := sorted(set(tenancy.REQUEST_ROLES) - there):
        raise RuntimeError(
            f"The roles {', '.join(missing)} are missing. Run deploy/postgres/request-roles.sql as superuser,"
            " or set ONE_DATABASE_ROLE=1 to go without row-level security."
        )


def _protect_rows() -> None:
    """Give the tables their policies, where they have others; as their owner."""
    wanted = {
        (table, name): text
        for table, rows in row_security.row_policies().items()
        for name, text in row_security.policies(table, rows)
    }
    made = {(row.table, row.name): row.text for row in sql.fetch_all("portal.events", "policies")}
    for table, name in made.keys() - wanted.keys():
        sql.run(sql.statement("portal.events", "drop_policy", policy=name, table=table))
    for (table, name), text in wanted.items():
        if made.get((table, name)) != text:
            parts = {"terms": Sql(text), "text": Sql(literal(text))}
            sql.run(sql.statement("portal.events", "make_policy", policy=name, table=table, **parts))
