"""Claiming the next command of a region: each hub is judged again and marked before anything leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final

import orjson

from portal.kernel import sql
from portal.kernel.transactions import unit_of_work
from rollouts.models import Batch, Command
from rollouts.rules import activation, pacing
from rollouts.services.dispatch.planner_hints import expect_few
from rollouts.states import (
    RUNNING_STATUSES,
    BatchKind,
    CommandKind,
    CommandStatus,
    CplStatus,
    TargetState,
)

_RUNNING: Final = sorted(status.value for status in RUNNING_STATUSES)
_MOVES: Final = {
    CommandKind.DISTRIBUTE: (TargetState.SCHEDULED, TargetState.DISTRIBUTING),
    CommandKind.ACTIVATE: (TargetState.DISTRIBUTED, TargetState.ACTIVATING),
}


class ClaimVerdict(Enum):
    """What became of an attempt to claim a command."""

    CLAIMED = auto()
    GONE = auto()
    """Nothing was left of it, or somebody else has it."""
    HELD = auto()
    """Its rollout may not move at present."""
    OFF_THE_CPL = auto()
    """Its firmware is no longer active on the Central Products List."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The outcome of looking for work: a claimed command, or the rollout that must be suspended first."""

    command_id: int | None = None
    off_the_cpl: int | None = None


def claim_next(
    region: int, *, now: datetime, may_distribute: bool = True, held: set[int] | None = None
) -> Claim:
    """Claim the command of a region that is to be sent next; an empty claim when nothing is ready.

    The claim is one transaction under a share lock on the rollout, so a step that halts it comes wholly
    before or wholly after. Hubs that no longer suit are left out, and planned again when they do. Rollouts
    that may not move now are added to `held`, and passed over from then on.
    """
    passed_over = set() if held is None else held
    while rows := sql.fetch_all(
        "rollouts",
        "next_command",
        region=region,
        now=now,
        running=_RUNNING,
        held=sorted(passed_over),
        may_distribute=may_distribute,
    ):
        command = rows[0]
        verdict = _claim(command, now=now)
        if verdict is ClaimVerdict.CLAIMED:
            return Claim(command_id=command.id)
        if verdict is not ClaimVerdict.GONE:
            passed_over.add(command.rollout_id)
        if verdict is ClaimVerdict.OFF_THE_CPL:
            return Claim(off_the_cpl=command.rollout_id)
    return Claim()


@unit_of_work
def _claim(command: Any, *, now: datetime) -> ClaimVerdict:
    expect_few()
    kind = CommandKind(command.kind)
    if kind == CommandKind.READ:
        return _claim_reading(command, now=now)
    if kind == CommandKind.CANCEL:
        answered = sql.fetch_all(
            "rollouts", "claim_cancels", command_id=command.id, rollout_id=command.rollout_id, now=now
        )
        return _conclude(command, answered)
    rollout = sql.fetch_one("rollouts", "rollout_at_claim", rollout_id=command.rollout_id)
    if rollout.status not in _RUNNING or rollout.is_rescheduling or not _is_open(rollout, kind, now=now):
        return ClaimVerdict.HELD
    if rollout.cpl_status != CplStatus.ACTIVE:
        return ClaimVerdict.OFF_THE_CPL
    source, target = _MOVES[kind]
    answered = sql.fetch_all(
        "rollouts",
        "claim_members",
        command_id=command.id,
        rollout_id=rollout.id,
        predecessors=list(rollout.predecessors),
        from_state=int(source),
        to_state=int(target),
        batches=_open_batches(rollout, kind),
        later_at=_later_at(command, rollout, now=now) if kind == CommandKind.ACTIVATE else None,
        now=now,
    )
    return _conclude(command, answered)


def _claim_reading(command: Any, *, now: datetime) -> ClaimVerdict:
    claimed = Command.objects.filter(pk=command.id, status=CommandStatus.READY).update(
        status=CommandStatus.CLAIMED, claimed_at=now
    )
    if not claimed:
        return ClaimVerdict.GONE
    sql.execute("rollouts", "take_tokens", region=command.region, hubs=command.hub_count)
    return ClaimVerdict.CLAIMED


def _conclude(command: Any, answered: list[Any]) -> ClaimVerdict:
    if not answered:
        return ClaimVerdict.GONE
    hubs = answered[0].hub_count
    if hubs == 0:
        # It never was anything to anybody, and would be one of very many.
        Command.objects.filter(pk=command.id).delete()
        return ClaimVerdict.GONE
    sql.execute("rollouts", "take_tokens", region=command.region, hubs=hubs)
    return ClaimVerdict.CLAIMED


def _is_open(rollout: Any, kind: CommandKind, *, now: datetime) -> bool:
    if kind != CommandKind.DISTRIBUTE:
        return True
    hours = orjson.loads(rollout.dispatch_settings).get("distribution_hours")
    return pacing.OpenHours.read(hours).is_open(now)


def _later_at(command: Any, rollout: Any, *, now: datetime) -> datetime | None:
    """Return when an activation goes that has waited past its time; None for one that has not."""
    planned_at = command.execute_at or command.created_at
    if not activation.is_missed(planned_at, now=now):
        return None
    hours = activation.read_hours(orjson.loads(rollout.dispatch_settings).get("activation_hours"))
    return activation.next_time(planned_at, hours, now=now, key=command.id)


def _open_batches(rollout: Any, kind: CommandKind) -> list[int]:
    may_move = pacing.may_distribute if kind == CommandKind.DISTRIBUTE else pacing.may_activate
    return [
        batch.pk
        for batch in Batch.objects.filter(rollout_id=rollout.id)
        if may_move(rollout.status, is_pilot=batch.kind == BatchKind.PILOT, gate_open=batch.gate_open)
    ]
