"""Which columns a person sees of a list of hubs: their own choice, kept (R4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portal.identity.scope import Scope
from portal.kernel.refusals import NotPermitted
from portal.kernel.transactions import unit_of_work
from rollouts.models import TableColumns

_LONGEST: Final = 40


@unit_of_work
def choose_columns(scope: Scope, *, table: str, columns: Sequence[str]) -> None:
    """Keep which columns of a list a person wants to see; none brings back the usual ones.

    Raises:
        NotPermitted: only a person has lists.
    """
    if scope.user_id is None:
        raise NotPermitted("Only a person chooses columns.")
    own = TableColumns.objects.filter(user_id=scope.user_id, table=table)
    if not columns:
        own.delete()
        return
    TableColumns.objects.bulk_create(
        [TableColumns(user_id=scope.user_id, table=table, columns=list(columns)[:_LONGEST])],
        update_conflicts=True,
        unique_fields=["user_id", "table"],
        update_fields=["columns"],
    )
