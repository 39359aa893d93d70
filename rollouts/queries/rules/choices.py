"""What a form for rules offers: values that occur, and the rollouts a rule can be tried on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, Sum

from portal.identity.scope import Scope
from rollouts.models import Batch, CplEntry, DeviceModel, HubLabel
from rollouts.models.tallies import TallyState
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.states import NOMINATION_STATUSES, RUNNING_STATUSES, BatchKind

MOST_UPDATES: Final = 50


@dataclass(frozen=True, slots=True)
class OpenRolloutRow:
    """A running rollout: may hubs be nominated for its pilot, may they be instructed?"""

    id: int
    name: str
    takes_pilot: bool
    takes_instructions: bool


def values_that_occur(scope: Scope) -> Mapping[str, Sequence[str]]:
    """List the values of the open fields of rules: of the catalogue, and the organisation's own labels."""
    models = list(DeviceModel.objects.values_list("manufacturer", "model"))
    versions = CplEntry.objects.values_list("firmware_version", flat=True).distinct()
    labels = HubLabel.objects.filter(organisation_id=scope.organisation_id).values_list("label", flat=True)
    return {
        "manufacturer": sorted({manufacturer for manufacturer, _ in models}),
        "model": sorted({model for _, model in models}),
        "version": sorted(versions),
        "label": sorted(labels.distinct()),
    }


def open_rollouts(scope: Scope, *, now: datetime) -> list[OpenRolloutRow]:
    """List the running rollouts with hubs of this organisation, the latest first."""
    rollouts = visible_rollouts(scope).filter(status__in=RUNNING_STATUSES).order_by("-notified_at", "-id")
    return [
        OpenRolloutRow(
            id=rollout.pk,
            name=rollout.name,
            takes_pilot=rollout.has_pilot
            and rollout.status in NOMINATION_STATUSES
            and rollout.cutoff_at >= now,
            takes_instructions=rollout.cutoff_at >= now,
        )
        for rollout in rollouts[:MOST_UPDATES]
    ]


def own_safe_launch(scope: Scope, rollout_ids: Collection[int]) -> dict[int, int]:
    """Count the organisation's own hubs in the safe launch of each of these rollouts."""
    batches = Batch.objects.filter(rollout_id__in=rollout_ids, kind=BatchKind.SAFE_LAUNCH).values("pk")
    party = scope.organisation_id
    counted = (
        TallyState.objects.filter(
            Q(import_supplier_id=party) | Q(gas_supplier_id=party), batch_id__in=batches
        )
        .values("rollout_id")
        .annotate(hubs=Sum("n"))
    )
    return {row["rollout_id"]: row["hubs"] for row in counted}
