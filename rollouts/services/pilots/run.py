"""The course of a pilot: start, comment, end, and decide whether the safe launch may begin (R2.4, R2.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import BadInput, Refusal
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from rollouts.models import Batch, PilotSubmission, Rollout, Target
from rollouts.reads.rollouts.shares import board_ids, coarse_outcome, numbers_by_party, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.governance.halt import count_states, follow_up
from rollouts.services.pilots.nominate import decide_submissions
from rollouts.services.rollouts.step import StepRefused, check_may, step_taken
from rollouts.states import BatchKind, RolloutStatus, TargetState


class PilotEmpty(Refusal):
    """There is no hub in the pilot group."""

    code = "pilot_empty"


@unit_of_work
def start_pilot(scope: Scope, *, rollout_id: int, now: datetime) -> Rollout:
    """Let the hubs of the pilot group be commanded, and tell everybody concerned.

    Raises:
        NotPermitted, NotFound, StepRefused: as for every step.
        PilotEmpty: no nomination has been confirmed.
    """
    check_may(scope, "start_pilot")
    rollout = locked_rollout(scope, rollout_id)
    share = shares_of(rollout.pk, batch_id=_pilot(rollout).pk).total
    if not share.hubs - share.count(TargetState.WITHDRAWN):
        raise PilotEmpty("Confirm nominations first: there is no hub in the pilot group.")
    return _step(scope, rollout, "start_pilot", now=now, then=_start)


@unit_of_work
def comment_on_pilot(scope: Scope, *, rollout_id: int, commentary: str, now: datetime) -> None:
    """Publish a comment on the pilot to every party, each with its own numbers.

    Raises:
        NotPermitted, NotFound: as for every step.
        StepRefused: the pilot is not running or under review.
        BadInput: nothing is said.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    if rollout.status not in {RolloutStatus.PILOT, RolloutStatus.PILOT_REVIEW}:
        raise StepRefused("There is no pilot to speak of at present.")
    notice = {"name": rollout.name, "commentary": _checked_commentary(commentary)}
    numbers, coarse, own = _numbers(rollout)
    journal.record(
        "pilot.commented",
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={**notice, "pilot": numbers},
    )
    journal.publish_entries(
        EntryKind.PILOT_PROGRESS,
        parties=numbers_by_party(shares_of(rollout.pk)),
        rollout_id=rollout.pk,
        at=now,
        data={**notice, "pilot_percent": coarse},
        data_by_party={**own, **{board: {"pilot": numbers} for board in board_ids()}},
    )


@unit_of_work
def end_pilot(scope: Scope, *, rollout_id: int, commentary: str, now: datetime) -> Rollout:
    """End the pilot with what is to be said of its outcome; the review begins.

    Raises:
        NotPermitted, NotFound, StepRefused: as for every step.
        BadInput: nothing is said.
    """
    check_may(scope, "end_pilot")
    rollout = locked_rollout(scope, rollout_id)
    rollout.pilot_commentary = _checked_commentary(commentary)
    return _step(scope, rollout, "end_pilot", now=now, reason=rollout.pilot_commentary, then=_end)


@unit_of_work
def accept_pilot(scope: Scope, *, rollout_id: int, commentary: str = "", now: datetime) -> Rollout:
    """Accept the outcome of the pilot: the safe launch group may be commanded from now on.

    Batches with a gate of their own stay shut until somebody opens them.

    Raises:
        NotPermitted, NotFound, StepRefused: as for every step.
    """
    check_may(scope, "accept_pilot")
    rollout = locked_rollout(scope, rollout_id)
    return _step(scope, rollout, "accept_pilot", now=now, reason=commentary.strip(), then=_accept)


@unit_of_work
def reopen_pilot(scope: Scope, *, rollout_id: int, commentary: str, now: datetime) -> Rollout:
    """Go on with the pilot instead of accepting it: more hubs, or more time.

    Raises:
        NotPermitted, NotFound, StepRefused, BadInput: as for its end.
    """
    check_may(scope, "reopen_pilot")
    rollout = locked_rollout(scope, rollout_id)
    return _step(
        scope, rollout, "reopen_pilot", now=now, reason=_checked_commentary(commentary), then=_reopen
    )


@unit_of_work
def skip_pilot(scope: Scope, *, rollout_id: int, commentary: str, now: datetime) -> Rollout:
    """Go on without the pilot that was planned: the safe launch opens, and everybody is told why (R2.3).

    For a rollout whose pilot nobody makes possible. Hubs already in the pilot group join the safe launch
    group, with the times they have; nominations that wait are not taken.

    Raises:
        NotPermitted, NotFound, StepRefused, BadInput: as for its end.
    """
    check_may(scope, "skip_pilot")
    rollout = locked_rollout(scope, rollout_id)
    rollout.pilot_commentary = _checked_commentary(commentary)
    _step(scope, rollout, "skip_pilot", now=now, reason=rollout.pilot_commentary, then=_skip)
    waiting = PilotSubmission.objects.filter(rollout=rollout, status=PilotSubmission.Status.SUBMITTED)
    if ids := list(waiting.values_list("pk", flat=True)):
        declined = PilotSubmission.Status.DECLINED
        decide_submissions(scope, waiting, ids, declined, now=now, comment=rollout.pilot_commentary)
    proposed = PilotSubmission.objects.filter(rollout=rollout, status=PilotSubmission.Status.PROPOSED)
    proposed.update(status=PilotSubmission.Status.WITHDRAWN, decided_at=now, decided_by_id=scope.user_id)
    return rollout


@outside_unit_of_work
def reject_pilot(scope: Scope, *, rollout_id: int, commentary: str, now: datetime) -> Rollout:
    """Reject the outcome of the pilot: the rollout is suspended, and once this has returned nothing leaves.

    Raises:
        NotPermitted, NotFound, StepRefused, BadInput: as for its end.
    """
    check_may(scope, "reject_pilot")
    before = count_states(rollout_id)
    rollout = _reject(scope, rollout_id=rollout_id, commentary=commentary, now=now)
    follow_up(rollout, before=before, now=now)
    return rollout


#: What takes each step of a pilot.
PILOT_STEPS: Final[Mapping[str, Callable[..., Rollout]]] = {
    "start_pilot": start_pilot,
    "end_pilot": end_pilot,
    "accept_pilot": accept_pilot,
    "reopen_pilot": reopen_pilot,
    "reject_pilot": reject_pilot,
    "skip_pilot": skip_pilot,
}


@unit_of_work
def _reject(scope: Scope, *, rollout_id: int, commentary: str, now: datetime) -> Rollout:
    rollout = locked_rollout(scope, rollout_id)
    return _step(scope, rollout, "reject_pilot", now=now, reason=_checked_commentary(commentary))


@inside_unit_of_work
def _step(
    scope: Scope,
    rollout: Rollout,
    verb: str,
    *,
    now: datetime,
    reason: str = "",
    then: Callable[[Rollout, datetime], None] | None = None,
) -> Rollout:
    numbers, coarse, own = _numbers(rollout)
    data = {"pilot_percent": coarse, "commentary": reason}
    for_boards = {"pilot": numbers}
    step_taken(scope, rollout, verb=verb, now=now, reason=reason, data=data, own=own, for_boards=for_boards)
    if then is not None:
        then(rollout, now)
    return rollout


def _start(rollout: Rollout, now: datetime) -> None:
    rollout.pilot_started_at = now
    rollout.save(update_fields=["pilot_started_at"])
    rollout.batches.filter(kind=BatchKind.PILOT).update(gate_open=True)


def _skip(rollout: Rollout, now: datetime) -> None:
    pilot = _pilot(rollout)
    safe_launch = rollout.batches.filter(kind=BatchKind.SAFE_LAUNCH).order_by("position")[0]
    members = Target.objects.filter(rollout_id=rollout.pk, batch_id=pilot.pk)
    sql.execute(
        "rollouts",
        "move_to_batch",
        rollout_id=rollout.pk,
        batch_id=safe_launch.pk,
        guids=list(members.values_list("guid", flat=True)),
        automatic_at=safe_launch.automatic_at or rollout.automatic_at,
    )
    rollout.has_pilot, rollout.pilot_skipped_at = False, now
    rollout.save(update_fields=["has_pilot", "pilot_skipped_at", "pilot_commentary"])
    _open_safe_launch(rollout)


def _end(rollout: Rollout, now: datetime) -> None:
    rollout.pilot_ended_at = now
    rollout.save(update_fields=["pilot_ended_at", "pilot_commentary"])


def _accept(rollout: Rollout, now: datetime) -> None:
    rollout.pilot_accepted_at = now
    rollout.save(update_fields=["pilot_accepted_at"])
    _open_safe_launch(rollout)


def _open_safe_launch(rollout: Rollout) -> None:
    waiting = rollout.batches.filter(kind=BatchKind.SAFE_LAUNCH)
    waiting.exclude(gate_settings__has_key="manual").update(gate_open=True)


def _reopen(rollout: Rollout, now: datetime) -> None:
    rollout.pilot_ended_at = None
    rollout.save(update_fields=["pilot_ended_at"])


def _pilot(rollout: Rollout) -> Batch:
    pilot = rollout.batches.filter(kind=BatchKind.PILOT).first()
    if pilot is None:
        raise StepRefused("This rollout has no pilot.")
    return pilot


def _numbers(rollout: Rollout) -> tuple[dict[str, Any], dict[str, int], Mapping[int, dict[str, Any]]]:
    """Return the numbers of the pilot: of the whole, its outcome in tenths, and each party's own hubs."""
    shares = shares_of(rollout.pk, batch_id=_pilot(rollout).pk)
    own = {party: {"own_pilot": share.document()} for party, share in shares.by_supplier.items()}
    return shares.total.document(), coarse_outcome(shares.total), own


def _checked_commentary(commentary: str) -> str:
    if not commentary.strip():
        raise BadInput("Say something: everybody concerned will read it.")
    return commentary.strip()
