"""Which hubs a firmware may be applied to (R1.6): one condition, put into every statement that asks.

One upgrade a hub: the open rollouts of a model compete for its hubs, and take turns in taking them.
"""

from __future__ import annotations

from typing import Any, Final

from portal.kernel import sql
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models.catalogue import CplEntry
from rollouts.models.plans import Rollout
from rollouts.states import ELIGIBLE_SMI_STATUSES, OPEN_STATUSES, FailureCode, Region

_STATUSES: Final = ", ".join(str(int(status)) for status in sorted(ELIGIBLE_SMI_STATUSES))

#: What a hub (`h`) must be by itself.
SUITABLE: Final = (
    "h.device_model_id = %(device_model_id)s AND h.cpl_entry_id = ANY(%(predecessors)s)"
    f" AND h.smi_status IN ({_STATUSES}) AND h.region <> {int(Region.SMETS1)}"
)
#: That no other open rollout is about to upgrade it.
UNTAKEN: Final = (
    "NOT EXISTS (SELECT FROM rollouts_target AS o WHERE o.rollout_id = ANY(%(others)s) AND o.guid = h.guid"
    " AND rollouts_stage_of(o.state) < 2)"
)
#: Withdrawals that are undone when the hub qualifies again.
PASSING_CODES: Final = (FailureCode.DECOMMISSIONED, FailureCode.EXCHANGED, FailureCode.NO_LONGER_ELIGIBLE)


def eligibility_params(entry: CplEntry, *, besides: int) -> dict[str, Any]:
    """Give the parameters of `SUITABLE` and `UNTAKEN` for a firmware, as one rollout asks for it."""
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


def eligibility_sql(name: str, **names: str) -> str:
    """Return a named statement with the conditions filled in, and `{names}` as identifiers."""
    text = sql.render("rollouts", name, **names)
    return text.replace("{suitable}", SUITABLE).replace("{untaken}", UNTAKEN)


@inside_unit_of_work
def take_turn(device_model_id: int) -> None:
    """Be the only one to give hubs of this model to a rollout, until the commit.

    Comes before the rollout's own lock. Whoever changes status, version or Suppliers of hubs in
    bulk holds the same row FOR SHARE, so that no target is made from what is being changed.
    """
    sql.rows(
        "SELECT id FROM rollouts_devicemodel WHERE id = %(id)s FOR NO KEY UPDATE", {"id": device_model_id}
    )
