"""Taking a step of the table: who may, from where, what it does to hubs, and who is told what it means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from rollouts.models import Command, Instruction, Rollout
from rollouts.reads.rollouts.shares import Shares, board_ids, numbers_by_party, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.services.governance.oversee import oversee
from rollouts.services.rollouts.sweep import VOIDED_STATES, VOIDING
from rollouts.states import (
    HALTED_STATUSES,
    ROLLOUT_STEPS,
    RUNNING_STATUSES,
    CommandKind,
    CommandStatus,
    InstructionKind,
    RolloutStatus,
    RolloutStep,
    TargetState,
    remembered_status,
)

PLAIN_VERBS: Final = frozenset({"suspend", "revoke"})
"""Steps that need nothing beside a reason; the others are use cases of their own."""

DECIDED_VERBS: Final = frozenset({"pause", "resume", "stop"})
"""Steps that only a confirmed decision takes: see `_deciding`."""

_HALTING: Final = HALTED_STATUSES | frozenset(VOIDING)

ENTRY_OF_VERB: Final = {
    "notify": EntryKind.ROLLOUT_NOTIFIED,
    "start_pilot": EntryKind.PILOT_STARTED,
    "skip_pilot": EntryKind.PILOT_SKIPPED,
    "end_pilot": EntryKind.PILOT_ENDED,
    "accept_pilot": EntryKind.PILOT_ACCEPTED,
    "reopen_pilot": EntryKind.PILOT_STARTED,
    "reject_pilot": EntryKind.ROLLOUT_SUSPENDED,
    "open_safe_launch": EntryKind.SAFE_LAUNCH_OPENED,
    "suspend": EntryKind.ROLLOUT_SUSPENDED,
    "pause": EntryKind.ROLLOUT_PAUSED,
    "resume": EntryKind.ROLLOUT_RESUMED,
    "stop": EntryKind.ROLLOUT_STOPPED,
    "revoke": EntryKind.ROLLOUT_REVOKED,
    "complete": EntryKind.ROLLOUT_COMPLETED,
}


class StepRefused(Refusal):
    """The table has no such step from where the rollout stands."""

    code = "step_refused"


class NeedsDecision(Refusal):
    """The step takes a recommendation of the DCC and its confirmation."""

    code = "needs_decision"


@unit_of_work
def take_step(scope: Scope, *, rollout_id: int, verb: str, reason: str, now: datetime) -> Rollout:
    """Suspend or revoke; record who did and why, and tell everybody concerned.

    Holding the rollout's row keeps claims out until the commit. Whoever halts goes on to wait for
    calls under way and to cancel what is future-dated: that is the business of `halt`.

    Raises:
        NotFound: there is no such rollout or step, or not for this organisation.
        NotPermitted: the step is for another role.
        NeedsDecision: it takes a decision.
        StepRefused: the rollout does not stand where the step begins.
        BadInput: no reason is given.
    """
    if verb not in PLAIN_VERBS | DECIDED_VERBS:
        raise NotFound("There is no such step.")
    check_may(scope, verb)
    if not reason.strip():
        raise BadInput("Give a reason: everybody concerned will read it.")
    rollout = locked_rollout(scope, rollout_id)
    check_needs_no_decision(verb)
    return step_taken(scope, rollout, verb=verb, reason=reason.strip(), now=now)


@inside_unit_of_work
def step_taken(
    scope: Scope,
    rollout: Rollout,
    *,
    verb: str,
    now: datetime,
    reason: str = "",
    data: Mapping[str, object] | None = None,
    own: Mapping[int, Mapping[str, object]] | None = None,
    for_boards: Mapping[str, object] | None = None,
) -> Rollout:
    """Take one step with a rollout whose row the caller holds, inside the caller's use case.

    Every party concerned gets one entry with its own numbers, as they stood before the step;
    `data` is for all of them, `own` adds what one of them alone may know, and `for_boards` what counts the
    hubs of all Suppliers: for the journal, the DCC and the Panel.

    Raises:
        NotPermitted: the step is for another role.
        StepRefused: the rollout does not stand where the step begins.
    """
    step = ROLLOUT_STEPS[verb]
    check_may(scope, verb)
    stood_at = RolloutStatus(rollout.status)
    if not step.is_open_to(*scope.roles, at=stood_at, has_pilot=rollout.has_pilot):
        raise StepRefused(f"“{step.label}” is not possible while the rollout is: {stood_at.label}.")
    shares = shares_of(rollout.pk)
    _stand(rollout, step, stood_at=stood_at, reason=reason, now=now)
    moved = {"from": stood_at.value, "to": rollout.status, "reason": reason}
    effects = _effects(rollout, shares, verb=verb, now=now)
    journal.record(
        step.fact,
        subject=f"rollout:{rollout.pk}",
        by=scope,
        at=now,
        facts={**moved, **(data or {}), **(for_boards or {}), "hubs": shares.total.hubs, **effects},
    )
    numbers = party_numbers(rollout, shares)
    for party, more in (own or {}).items():
        numbers.setdefault(party, {}).update(more)
    for board in board_ids() if for_boards else ():
        numbers[board] = {**numbers.get(board, {}), **(for_boards or {})}
    journal.publish_entries(
        ENTRY_OF_VERB[verb],
        parties=numbers,
        rollout_id=rollout.pk,
        at=now,
        data={"name": rollout.name, **moved, **(data or {})},
        data_by_party=numbers,
    )
    oversee(scope, rollout, verb=verb, reason=reason, now=now)
    return rollout


def check_may(scope: Scope, verb: str) -> None:
    """Refuse a step to a role the table does not name, and to the portal itself where a person is to take it.

    Raises:
        NotPermitted: the step is for another role, or for people.
    """
    step = ROLLOUT_STEPS[verb]
    scope.check(*sorted(step.roles))
    if scope.is_portal and not step.by_portal:
        raise NotPermitted(f"“{step.label}” is for people: the portal does not do it by itself.")


def check_needs_no_decision(verb: str) -> None:
    """Refuse what one person may not do alone.

    Raises:
        NeedsDecision: the step takes a decision.
    """
    if verb in DECIDED_VERBS:
        label = ROLLOUT_STEPS[verb].label
        raise NeedsDecision(
            f"“{label}” takes a decision: DCC recommends it, and the Panel or its Sub-Committee confirms."
        )


def party_numbers(rollout: Rollout, shares: Shares) -> dict[int, dict[str, Any]]:
    """Return the numbers of each party, a Supplier's instructions in force included."""
    in_force = Counter(
        Instruction.objects.filter(rollout=rollout, kind=InstructionKind.INSTRUCT)
        .exclude(status=Instruction.Status.REFUSED)
        .values_list("organisation_id", flat=True)
    )
    numbers = numbers_by_party(shares)
    for party in shares.by_supplier:
        numbers[party]["instructions_in_force"] = in_force[party]
    return numbers


def _stand(
    rollout: Rollout, step: RolloutStep, *, stood_at: RolloutStatus, reason: str, now: datetime
) -> None:
    remembered = RolloutStatus(rollout.stood_at) if rollout.stood_at else None
    landing = step.lands_at(remembered=remembered)
    rollout.stood_at = remembered_status(step, at=stood_at, remembered=remembered) or ""
    rollout.status = landing
    rollout.status_at = now
    rollout.status_reason = reason
    if landing in RUNNING_STATUSES:
        # "After the halt" is said of hubs that activate while the rollout stands: running again ends it.
        rollout.halted_at = None
    elif landing in _HALTING and stood_at not in HALTED_STATUSES:
        rollout.halted_at = now
    changed = ["stood_at", "status", "status_at", "status_reason", "halted_at"]
    rollout.save(update_fields=changed)


def _effects(rollout: Rollout, shares: Shares, *, verb: str, now: datetime) -> dict[str, int]:
    """Return what the new status means for hubs, by the tallies; the pages that follow the commit do it.

    No target is touched here, so that a step answers at once whatever its size. See `_sweeping`.
    """
    if RolloutStatus(rollout.status) in VOIDING:
        return {"voided": shares.total.count(*VOIDED_STATES)}
    if verb != "resume":
        return {}
    # Should it be halted again, what then lies ahead on hubs is recalled again.
    Command.objects.filter(
        rollout_id=rollout.pk, kind=CommandKind.ACTIVATE, status=CommandStatus.SENT, execute_at__gt=now
    ).exclude(recalled_at=None).update(recalled_at=None)
    return {"taken_up": shares.total.count(TargetState.CANCELLED)}
