"""A Supplier's own batches of a rollout: hubs it instructed together, by its own name, for its own time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import NotPermitted
from rollouts.models import Instruction
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import InstructionKind, TargetState

MOST_BATCHES: Final = 100


@dataclass(frozen=True, slots=True)
class OwnBatch:
    """Hubs a Supplier instructed together."""

    id: int
    reference: str
    name: str
    channel: str
    activate_at: datetime | None
    received_at: datetime
    accepted: int
    """Hubs that were taken then; a later instruction may count for some of them now."""
    is_finished: bool


def own_batches(scope: Scope, rollout_id: int) -> Sequence[OwnBatch]:
    """List what a Supplier has instructed for a rollout, the latest first; what took no hub is left out.

    Raises:
        NotPermitted: not a Supplier.
        NotFound: there is no such rollout, or none with hubs of this Supplier.
    """
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier has batches of its own.")
    visible_rollout(scope, rollout_id)
    own = Instruction.objects.filter(
        rollout_id=rollout_id, organisation_id=scope.organisation_id, kind=InstructionKind.INSTRUCT
    )
    instructions = own.exclude(accepted=0, finished_at__isnull=False).order_by("-pk")[:MOST_BATCHES]
    return [
        OwnBatch(
            id=instruction.pk,
            reference=instruction.reference,
            name=instruction.name,
            channel=instruction.channel,
            activate_at=instruction.activate_at,
            received_at=instruction.received_at,
            accepted=instruction.accepted,
            is_finished=instruction.finished_at is not None,
        )
        for instruction in instructions.defer("pending_guids", "pending_lines", "source")
    ]


def standing_of_batches(
    scope: Scope, rollout_id: int, batches: Iterable[OwnBatch]
) -> Mapping[int, Mapping[TargetState, int]]:
    """Count where the hubs of batches stand now, by batch: those for which it still counts.

    One scan of the rollout's hubs: for whoever asks, not for a page that follows by itself.

    Raises:
        NotFound: there is no such rollout, or none with hubs of this Supplier.
    """
    visible_rollout(scope, rollout_id)
    rows = sql.fetch_all(
        "rollouts",
        "standing_by_instruction",
        rollout_id=rollout_id,
        party=scope.organisation_id if scope.is_supplier else None,
        instructions=[batch.id for batch in batches],
    )
    counted: defaultdict[int, dict[TargetState, int]] = defaultdict(dict)
    for row in rows:
        counted[row.instruction_id][TargetState(row.state)] = row.hubs
    return counted
