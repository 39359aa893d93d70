"""What a rollout means to each party, in numbers of its own hubs: what every notice carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from portal.identity.models import Organisation, OrganisationKind
from portal.kernel import sql
from rollouts.models.dispatch import CspChannel
from rollouts.states import FAILED_STATES, Region, SupplierRole, TargetState

_OUTCOMES: Final = {"activated": (TargetState.ACTIVATED,), "failed": tuple(FAILED_STATES)}
_ROLES: Final = {role.value: role.name.lower() for role in SupplierRole}


@dataclass(slots=True)
class Share:
    """One party's part of a rollout. `pending`: hubs not settled on which the party has answered."""

    states: Counter[int] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    split: int = 0
    pending: int = 0

    @property
    def hubs(self) -> int:
        """Count the hubs, whatever their state."""
        return self.states.total()

    def count(self, *states: TargetState) -> int:
        """Count the hubs in any of these states."""
        return sum(self.states[state] for state in states)

    def document(self) -> dict[str, Any]:
        """Return the numbers as a notice carries them."""
        named = {TargetState(state).name: n for state, n in sorted(self.states.items()) if n}
        return {"hubs": self.hubs, "states": named}

    def supplier_document(self) -> dict[str, Any]:
        """Return a Supplier's numbers: its roles and what it shares, never with whom."""
        roles = {role: self.roles[role] for role in _ROLES.values()}
        return {**self.document(), "roles": roles, "split": self.split, "pending": self.pending}


@dataclass(frozen=True, slots=True)
class Shares:
    """A rollout's targets by Supplier and by region."""

    by_supplier: Mapping[int, Share]
    by_region: Mapping[int, Share]

    @property
    def total(self) -> Share:
        """All hubs, each counted once."""
        return self.of_regions(self.by_region)

    def of_regions(self, regions: Iterable[int]) -> Share:
        """Add up some regions."""
        total = Share()
        for region in regions:
            part = self.by_region.get(region, Share())
            total.states.update(part.states)
        return total


def shares_of(rollout_id: int, *, batch_id: int | None = None) -> Shares:
    """Read the numbers of a rollout, or of one of its batches, from its tallies; exact inside its lock."""
    by_supplier: dict[int, Share] = {}
    by_region: dict[int, Share] = {}
    for row in sql.fetch_all("rollouts", "rollout_shares", rollout_id=rollout_id, batch_id=batch_id):
        if row.party == 0:
            by_region.setdefault(row.region, Share()).states[row.state] += row.n
            continue
        share = by_supplier.setdefault(row.party, Share())
        share.pending += row.pending
        if row.n:
            share.states[row.state] += row.n
            share.roles[_ROLES[row.role]] += row.n
            share.split += row.n if row.is_split else 0
    known = {party: share for party, share in by_supplier.items() if share.hubs}
    return Shares(by_supplier=known, by_region=by_region)


def numbers_by_party(shares: Shares) -> dict[int, dict[str, Any]]:
    """Return the numbers of each party: Suppliers, CSPs of the regions, the Panel, the DCC.

    A Supplier's speak of its own hubs alone, and a CSP's of its regions.
    """
    numbers = {party: share.supplier_document() for party, share in shares.by_supplier.items()}
    for csp, regions in regions_by_csp().items():
        share = shares.of_regions(regions)
        if share.hubs:
            named = {Region(each).name: shares.of_regions([each]).hubs for each in sorted(regions)}
            numbers[csp] = {**share.document(), "regions": {name: n for name, n in named.items() if n}}
    totals = {**shares.total.document(), "suppliers": len(shares.by_supplier)}
    return numbers | dict.fromkeys(board_ids(), totals)


def board_ids() -> list[int]:
    """Return those who may count the hubs of all Suppliers: the DCC and the Panel's bodies."""
    boards = Organisation.objects.filter(kind__in=[OrganisationKind.DCC, OrganisationKind.PANEL])
    return list(boards.values_list("pk", flat=True))


def coarse_outcome(share: Share) -> dict[str, int]:
    """Return the outcome of all hubs in tenths, from which nobody can subtract their own."""
    settled = {name: share.count(*states) for name, states in _OUTCOMES.items()}
    total = sum(settled.values())
    return {name: round(10 * hubs / total) * 10 for name, hubs in settled.items()} if total else {}


def regions_by_csp() -> dict[int, set[int]]:
    """Return the regions each CSP serves."""
    regions: dict[int, set[int]] = {}
    for csp, region in CspChannel.objects.values_list("csp_id", "region"):
        regions.setdefault(csp, set()).add(region)
    return regions
