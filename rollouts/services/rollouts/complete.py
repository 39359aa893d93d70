"""Completing a rollout: every one of its hubs has come to an end."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from portal.kernel import sql
from portal.kernel.refusals import Refusal
from portal.kernel.transactions import unit_of_work
from rollouts.models import Command
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.governance.act import the_portal
from rollouts.services.rollouts.step import step_taken
from rollouts.states import CommandKind, CommandStatus

log = structlog.get_logger(__name__)
_REASON: Final = "Every hub has come to an end."


def complete_finished(now: datetime) -> int:
    """Complete every rollout in safe launch whose hubs are all settled by the tallies; return how many."""
    completed = 0
    for row in sql.fetch_all("rollouts", "finished_rollouts"):
        try:
            completed += _complete(row.id, now=now)
        except Refusal as refusal:
            # One rollout's refusal must not keep the others from completing.
            log.warning("rollout.complete-refused", rollout_id=row.id, code=refusal.code)
    return completed


@unit_of_work
def _complete(rollout_id: int, *, now: datetime) -> bool:
    scope = the_portal()
    rollout = locked_rollout(scope, rollout_id)
    if not any(row.id == rollout_id for row in sql.fetch_all("rollouts", "finished_rollouts")):
        return False  # a hub joined, or came back, meanwhile
    step_taken(scope, rollout, verb="complete", reason=_REASON, now=now)
    # Planned a moment before the last of its hubs was given up: nothing will claim it any more.
    left = Command.objects.filter(
        rollout_id=rollout_id,
        status=CommandStatus.READY,
        kind__in=[CommandKind.DISTRIBUTE, CommandKind.ACTIVATE],
    )
    left.update(status=CommandStatus.DROPPED, problem=_REASON)
    return True
