"""The labels an organisation has put on its hubs."""

from __future__ import annotations

from dataclasses import dataclass

from portal.identity.scope import Scope
from portal.kernel import sql


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A label, and on how many hubs it stands that are still the organisation's own."""

    label: str
    hubs: int


def labels(scope: Scope) -> list[LabelCount]:
    """List an organisation's own labels, in alphabetical order; nobody else's are ever seen."""
    rows = sql.rows(
        """
        SELECT l.label, count(h.guid) AS hubs
          FROM rollouts_hublabel AS l
          LEFT JOIN rollouts_hub AS h
            ON h.guid = l.guid AND (h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s)
         WHERE l.organisation_id = %(party)s
         GROUP BY l.label ORDER BY l.label
        """,
        {"party": scope.organisation_id},
    )
    return [LabelCount(row.label, row.hubs) for row in rows]
