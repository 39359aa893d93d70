"""Which hubs a firmware may be applied to (R1.6): one condition, put into every statement that asks.

One upgrade a hub: the open rollouts of a model compete for its hubs, and take turns in taking them.
"""

from __future__ import annotations

from typing import Any, Final

from portal.kernel import sql
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models.catalogue import CplEntry
from rollouts.models.plans import Rollout
from rollouts.states import OPEN_STATUSES, FailureCode

#: Withdrawals that are undone when the hub qualifies again.
PASSING_CODES: Final = (FailureCode.DECOMMISSIONED, FailureCode.EXCHANGED, FailureCode.NO_LONGER_ELIGIBLE)


def eligibility_params(entry: CplEntry, *, besides: int) -> dict[str, Any]:
    """Return the parameters of SUITABLE and UNTAKEN (see `rollouts.sql`) for a firmware and one rollout."""
    competitors = Rollout.objects.filter(
        status__in=OPEN_STATUSES, cpl_entry__device_model_id=entry.device_model_id
    ).exclude(pk=besides)
    return {
        "rollout_id": besides,
        "cpl_entry_id": entry.pk,
        "device_model_id": entry.device_model_id,
        "predecessors": list(entry.allowed_predecessor_ids),
        "others": sorted(competitors.values_list("pk", flat=True)),
        "passing_codes": [int(code) for code in PASSING_CODES],
    }


@inside_unit_of_work
def take_turn(device_model_id: int) -> None:
    """Lock this model's hubs against other rollouts until the commit.

    Comes before the rollout's own lock. Whoever changes status, version or Suppliers of hubs in
    bulk holds the same row FOR SHARE, so that no target is made from what is being changed.
    """
    sql.fetch_all("rollouts", "lock_model", device_model_id=device_model_id)
