"""What the role of the application may do: rows, and no tables; of the journal, write and never take back.

The tables are made by their owner, who migrates. The processes that serve people and machines have a role of
their own (`DATABASE_ROLE`), neither owner nor superuser: whoever gets hold of one changes no table, runs no
program of the server, and cannot rewrite what happened. Where there is one role alone nothing is granted.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from portal.kernel import sql


def grant_rights(**_: Any) -> None:
    """Give the application its rights to what the owner has just migrated; connected to `post_migrate`."""
    role = settings.DATABASE_ROLE
    if sql.fetch_one("portal.events", "role_to_grant", role=role).is_apart:
        sql.run(sql.statement("portal.events", "grant_rights", role=role))
