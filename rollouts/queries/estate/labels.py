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
    rows = sql.fetch_all("rollouts", "own_labels", party=scope.organisation_id)
    return [LabelCount(row.label, row.hubs) for row in rows]
