"""One upgrade a hub: which rollouts compete for the hubs of a model, and how they take turns."""

from __future__ import annotations

from portal.kernel import sql
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models.plans import Rollout
from rollouts.states import OPEN_STATUSES


def competitors(device_model_id: int, *, besides: int) -> list[int]:
    """List the open rollouts of a model, but one: their live targets are out of reach for it."""
    found = Rollout.objects.filter(status__in=OPEN_STATUSES, cpl_entry__device_model_id=device_model_id)
    return sorted(found.exclude(pk=besides).values_list("pk", flat=True))


@inside_unit_of_work
def take_turn(device_model_id: int) -> None:
    """Be the only one to give hubs of this model to a rollout, until the commit.

    Comes before the rollout's own lock. Whoever changes status, version or Suppliers of hubs in
    bulk holds the same row FOR SHARE, so that no target is made from what is being changed.
    """
    sql.rows(
        "SELECT id FROM rollouts_devicemodel WHERE id = %(id)s FOR NO KEY UPDATE", {"id": device_model_id}
    )
