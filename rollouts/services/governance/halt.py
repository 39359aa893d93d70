"""Stopping the world: the step is taken, calls under way have ended, and what lies ahead on hubs is recalled.

Everything after the step is found again by `finish_halts`, so a process that dies in between costs seconds,
and a halt rule or a decision that only takes the step is followed up all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import locks, sql
from portal.kernel.crashes import CrashPoint, crash_point
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from rollouts.models import Command, Rollout
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.rules import pacing
from rollouts.services.rollouts.step import StepRefused, check_may, check_needs_no_decision, take_step
from rollouts.services.rollouts.sweep import VOIDING, rollouts_to_take_up, sweep, sweep_left_over
from rollouts.states import (
    ENDED_STATUSES,
    HALTED_STATUSES,
    ROLLOUT_STEPS,
    CommandKind,
    CommandStatus,
    RolloutStatus,
    TargetState,
)

HALTING_VERBS: Final = frozenset({"suspend", "pause", "stop", "revoke"})
"""Of these, a decision alone pauses or stops; its follow-up is the same."""

_MOVING: Final = (CommandKind.DISTRIBUTE, CommandKind.ACTIVATE)
_MAY_HAVE_LEFT: Final = "Halted before the CSP answered: it may have been taken."
_AT_THE_BUTTON: Final = 0.5
_IN_A_TICK: Final = 4.0


@dataclass(frozen=True, slots=True)
class HaltReport:
    """What a halt found, held back, recalls, and can no longer recall."""

    rollout_id: int
    status: str
    hubs_by_state: dict[int, int]
    """As they stood before."""
    commands_dropped: int
    hubs_put_back: int
    """Claimed, and held back before they left."""
    hubs_to_cancel: int
    """Activations dated ahead that are being cancelled on the hubs; the answer comes hub by hub."""
    hubs_not_recalled: int
    """Activations that have left and are not dated ahead: they activate, and are reported as such."""
    images_on_their_way: int
    """Images that have left: they arrive, and are not activated."""


@outside_unit_of_work
def halt(scope: Scope, *, rollout_id: int, verb: str, reason: str, now: datetime) -> HaltReport:
    """Suspend or revoke a rollout; once this has returned, nothing more of it leaves.

    Waits for at most one bounded call a region. Asked again of a rollout that stands there already, it
    takes no second step and finishes what the first may have left.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
        NotPermitted: the step is for another role.
        NeedsDecision: pausing and stopping take a decision.
        StepRefused: the rollout does not stand where the step begins.
        BadInput: no reason is given.
    """
    if verb not in HALTING_VERBS:
        raise ValueError(f"{verb} halts nothing")
    check_may(scope, verb)
    rollout = visible_rollout(scope, rollout_id)
    check_needs_no_decision(verb)
    before = count_states(rollout_id)
    if rollout.status != ROLLOUT_STEPS[verb].target:
        rollout = _step_or_stand(scope, rollout_id, verb=verb, reason=reason, now=now)
    return follow_up(rollout, before=before, now=now)


def finish_halts(now: datetime) -> int:
    """Do what halts and resumes have left to do, whoever took their step; return for how many rollouts."""
    rows = sql.fetch_all("rollouts", "halts_to_finish", now=now)
    for row in rows:
        rollout = Rollout.objects.get(pk=row.id)
        follow_up(rollout, before=count_states(row.id), now=now, seconds=_IN_A_TICK)
    resumed = rollouts_to_take_up()
    for rollout_id in resumed:
        sweep(rollout_id, now=now, seconds=_IN_A_TICK)
    return len(rows) + len(resumed)


def count_states(rollout_id: int) -> dict[int, int]:
    """Return how many targets stand in which state, from the tallies."""
    counted = sql.fetch_all("rollouts", "count_states", rollout_id=rollout_id)
    return {row.state: int(row.hubs) for row in counted}


@inside_unit_of_work
def cancel_hubs(*, rollout_id: int, guids: Sequence[int], now: datetime) -> int:
    """Make cancels for these hubs, where they hold an activation dated ahead; return how many.

    For the change of a hub's Supplier: what the losing one asked for must not happen.
    """
    entry_id = Rollout.objects.values_list("cpl_entry_id", flat=True).get(pk=rollout_id)
    made = sql.fetch_all(
        "rollouts",
        "cancel_hubs",
        rollout_id=rollout_id,
        cpl_entry_id=entry_id,
        guids=list(guids),
        size=pacing.DispatchSettings.current().command_size,
        now=now,
    )
    return sum(row.hub_count for row in made)


@inside_unit_of_work
def drop_command(command_id: int, *, rollout_id: int, now: datetime) -> int:
    """Drop a claimed command and put its hubs back; return how many.

    One that may have left is not dropped: it counts as sent, its hubs are watched or recalled like others.
    """
    claimed = Command.objects.filter(pk=command_id, status=CommandStatus.CLAIMED)
    if claimed.filter(left_at__isnull=False).update(
        status=CommandStatus.SENT, sent_at=now, next_try_at=None, problem=_MAY_HAVE_LEFT
    ):
        return 0
    if not claimed.update(status=CommandStatus.DROPPED, next_try_at=None):
        return 0
    row = sql.fetch_one("rollouts", "put_back", command_id=command_id, rollout_id=rollout_id, now=now)
    return int(row.hubs)


def follow_up(
    rollout: Rollout, *, before: dict[int, int], now: datetime, seconds: float = _AT_THE_BUTTON
) -> HaltReport:
    """Do what a halt does after its step: wait for calls under way, hold back, recall, withdraw for so long.

    Once this has returned nothing more leaves; of a large rollout that has ended, ticks withdraw the rest.
    """
    with locks.exclusive(locks.LockClass.ROLLOUT, rollout.pk):
        pass  # every call that was under way has ended: see Note [Nothing leaves after a halt]
    crash_point(CrashPoint.BEFORE_HOLDING_BACK)
    dropped, put_back, cancelled = _hold_back(rollout.pk, now=now)
    report = _report(rollout, before, dropped=dropped, put_back=put_back, cancelled=cancelled)
    if RolloutStatus(rollout.status) in VOIDING:
        sweep_left_over(rollout, now=now, seconds=seconds)
    return report


def _step_or_stand(scope: Scope, rollout_id: int, *, verb: str, reason: str, now: datetime) -> Rollout:
    # Somebody else may be quicker by a moment: then it stands as was wanted, and there is one step.
    try:
        return take_step(scope, rollout_id=rollout_id, verb=verb, reason=reason, now=now)
    except StepRefused:
        rollout = visible_rollout(scope, rollout_id)
        if rollout.status != ROLLOUT_STEPS[verb].target:
            raise
        return rollout


@unit_of_work
def _hold_back(rollout_id: int, *, now: datetime) -> tuple[int, int, int]:
    """Drop what has not left and recall what lies ahead, unless it was resumed meanwhile; count each.

    Both under the rollout's row: a resume comes wholly before, and nothing is recalled, or wholly after, and
    takes up all that was. Dropped commands, hubs put back, hubs to cancel at most.
    """
    # The rollout's row first, as everywhere; a claim in progress ends before.
    rollout = Rollout.objects.select_for_update(no_key=True).get(pk=rollout_id)
    if rollout.status not in HALTED_STATUSES | ENDED_STATUSES:
        return 0, 0, 0
    dropped, put_back = _drop_unsent(rollout_id, now=now)
    # An activation is recalled once. Which of its hubs still hold it is seen when the cancel is claimed.
    made = sql.fetch_all("rollouts", "recall_activations", rollout_id=rollout_id, now=now)
    return dropped, put_back, sum(row.hub_count for row in made)


@inside_unit_of_work
def _drop_unsent(rollout_id: int, *, now: datetime) -> tuple[int, int]:
    dropped = Command.objects.filter(
        rollout_id=rollout_id, status=CommandStatus.READY, kind__in=_MOVING
    ).update(status=CommandStatus.DROPPED)
    claimed = Command.objects.filter(
        rollout_id=rollout_id, status=CommandStatus.CLAIMED, kind__in=_MOVING
    ).order_by("id")
    put_back = 0
    for command_id in claimed.values_list("id", flat=True):
        put_back += drop_command(command_id, rollout_id=rollout_id, now=now)
        dropped += 1
    return dropped, put_back


def _report(
    rollout: Rollout, before: dict[int, int], *, dropped: int, put_back: int, cancelled: int
) -> HaltReport:
    after = count_states(rollout.pk)
    activating = after.get(TargetState.ACTIVATING, 0)
    to_cancel = min(cancelled, activating)
    return HaltReport(
        rollout_id=rollout.pk,
        status=rollout.status,
        hubs_by_state=before,
        commands_dropped=dropped,
        hubs_put_back=put_back,
        hubs_to_cancel=to_cancel + after.get(TargetState.CANCELLING, 0),
        hubs_not_recalled=activating - to_cancel,
        images_on_their_way=max(
            after.get(TargetState.DISTRIBUTING, 0), before.get(TargetState.DISTRIBUTING, 0) - put_back
        ),
    )
