"""Which columns of a list of hubs a person has chosen."""

from __future__ import annotations

from collections.abc import Sequence

from portal.identity.scope import Scope
from rollouts.models import TableColumns


def chosen_columns(scope: Scope, table: str) -> Sequence[str]:
    """Return the columns a person wants to see; nothing while they have not chosen."""
    own = TableColumns.objects.filter(user_id=scope.user_id or 0, table=table)
    return next(iter(own.values_list("columns", flat=True)), [])
