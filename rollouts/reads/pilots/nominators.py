"""Who has nominated hubs for a pilot and who has not: for the DCC (R2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max

from rollouts.models import PilotReminder, PilotSubmission
from rollouts.reads.rollouts.shares import Share

_STATUS = PilotSubmission.Status
NOMINATED: Final = frozenset({_STATUS.CONFIRMED, _STATUS.SUBMITTED, _STATUS.ACCEPTED})
"""Where a Supplier has done what it is reminded of."""
_STRENGTH: Final = (
    _STATUS.CONFIRMED,
    _STATUS.ACCEPTED,
    _STATUS.SUBMITTED,
    _STATUS.PROPOSED,
    _STATUS.REFUSED,
    _STATUS.DECLINED,
    _STATUS.WITHDRAWN,
)


@dataclass(frozen=True, slots=True)
class Nominator:
    """A Supplier with hubs in a rollout; `status` is that of its nomination that counts most, if any."""

    supplier_id: int
    hubs: int
    status: PilotSubmission.Status | None
    named: int
    """Hubs in nominations of that status."""
    reminded_at: datetime | None


def nominators(rollout_id: int, shares: Mapping[int, Share]) -> list[Nominator]:
    """List the Suppliers of a rollout, those with most hubs first."""
    named: dict[tuple[int, str], int] = {}
    submissions = PilotSubmission.objects.filter(rollout_id=rollout_id)
    for party, status, hubs in submissions.values_list("organisation_id", "status", "hubs"):
        named[party, status] = named.get((party, status), 0) + hubs
    reminders = PilotReminder.objects.filter(rollout_id=rollout_id).values("organisation_id")
    reminded = dict(reminders.annotate(at=Max("reminded_at")).values_list("organisation_id", "at"))
    rows = []
    for party, share in shares.items():
        strongest = next((each for each in _STRENGTH if (party, each.value) in named), None)
        count = named[party, strongest.value] if strongest is not None else 0
        rows.append(Nominator(party, share.hubs, strongest, count, reminded.get(party)))
    return sorted(rows, key=lambda row: (-row.hubs, row.supplier_id))
