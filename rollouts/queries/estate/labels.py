"""The labels an organisation has put on its hubs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from rollouts.models import HubLabel


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A label, and on how many hubs it stands that are still the organisation's own."""

    label: str
    hubs: int


def labels(scope: Scope) -> list[LabelCount]:
    """List an organisation's own labels, in alphabetical order; nobody else's are ever seen."""
    rows = sql.fetch_all("rollouts", "own_labels", party=scope.organisation_id)
    return [LabelCount(row.label, row.hubs) for row in rows]


def label_names(scope: Scope) -> list[str]:
    """List the names of an organisation's own labels, in alphabetical order."""
    return sorted(row.label for row in sql.fetch_all("rollouts", "label_names", party=scope.organisation_id))


def labels_on(scope: Scope, guids: Sequence[str]) -> Mapping[str, list[str]]:
    """Return the organisation's own labels of some hubs, by GUID."""
    own = HubLabel.objects.filter(
        organisation_id=scope.organisation_id, guid__in=[Guid.parse(guid).db for guid in guids]
    )
    labels_by_guid: defaultdict[str, list[str]] = defaultdict(list)
    for guid, label in own.order_by("label").values_list("guid", "label"):
        labels_by_guid[str(Guid.from_db(guid))].append(label)
    return labels_by_guid
