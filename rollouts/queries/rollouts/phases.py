"""The batches of a rollout in order, the gate before each, and how far the one before has come (R3.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.identity.roles import DCC_ROLES, PANEL_ROLES
from portal.identity.scope import Scope
from portal.kernel import sql
from rollouts.models import Batch
from rollouts.reads.rollouts.gates import Gate, live_of, settled_of
from rollouts.reads.rollouts.shares import Share
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.rules.rates import Rate
from rollouts.states import ENDED_STATUSES, BatchKind, TargetState


@dataclass(frozen=True, slots=True)
class Phase:
    """One batch with its gate, and what the batch before it has come to."""

    id: int
    name: str
    kind: BatchKind
    automatic_at: datetime | None
    """None where the rollout's own time holds."""
    is_open: bool
    is_by_hand: bool
    """Does it wait for somebody, whatever the pilot came to."""
    gate: Gate | None
    hubs: int
    live: int
    activated: int
    settled: int
    before: str
    """The name of the batch before, empty for the first."""
    before_live: int
    before_settled: int
    success: Rate
    """Of the settled hubs of the batch before, those that run the new firmware."""
    is_reached: bool

    @property
    def opens_at(self) -> datetime | None:
        """When it opens by itself, if all stays as it is."""
        if self.is_open or self.gate is None or self.gate.reached_at is None:
            return None
        return self.gate.reached_at + self.gate.soak


@dataclass(frozen=True, slots=True)
class Phases:
    """All batches of a rollout, and whether gates may still be set."""

    items: Sequence[Phase]
    is_ended: bool


def phases(scope: Scope, *, rollout_id: int) -> Phases:
    """Return the batches of a rollout in their order; for the DCC and the Panel.

    Raises:
        NotPermitted: for others.
        NotFound: there is no such rollout.
    """
    scope.check(*sorted(DCC_ROLES | PANEL_ROLES))
    rollout = visible_rollout(scope, rollout_id)
    shares: defaultdict[int, Share] = defaultdict(Share)
    for row in sql.fetch_all("rollouts", "triage_tallies", rollout_id=rollout.pk):
        shares[row.batch_id].states[row.state] += int(row.hubs)
    items: list[Phase] = []
    earlier: tuple[Batch, Share] | None = None
    for batch in Batch.objects.filter(rollout=rollout).order_by("position", "id"):
        share = shares[batch.pk]
        items.append(_phase(batch, share, earlier))
        earlier = (batch, share)
    return Phases(items, rollout.status in ENDED_STATUSES)


def _phase(batch: Batch, share: Share, earlier: tuple[Batch, Share] | None) -> Phase:
    gate = Gate.read(batch)
    before = earlier[1] if earlier else Share()
    return Phase(
        id=batch.pk,
        name=batch.name,
        kind=BatchKind(batch.kind),
        automatic_at=batch.automatic_at,
        is_open=batch.gate_open,
        is_by_hand=bool(batch.gate_settings.get("manual")),
        gate=gate,
        hubs=share.hubs,
        live=live_of(share),
        activated=share.count(TargetState.ACTIVATED),
        settled=settled_of(share),
        before=earlier[0].name if earlier else "",
        before_live=live_of(before),
        before_settled=settled_of(before),
        success=Rate(before.count(TargetState.ACTIVATED), settled_of(before)),
        is_reached=gate is not None and gate.is_reached(before),
    )
