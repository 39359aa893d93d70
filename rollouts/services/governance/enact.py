"""Enacting a confirmed decision: what it does, and what each party is told it means (R5.5, R5.6)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_CONFIRM
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.transactions import inside_unit_of_work
from portal.kernel.working_days import local_day
from rollouts import rules
from rollouts.models import Decision, Rollout
from rollouts.reads.governance.instructed_later import instructed_later
from rollouts.reads.rollouts.overdue import overdue_hubs
from rollouts.reads.rollouts.shares import Shares, shares_of
from rollouts.services.governance.change_requirements import put_requirements
from rollouts.services.rollouts.reschedule import move_dates, open_windows
from rollouts.services.rollouts.step import StepRefused, party_numbers, step_taken
from rollouts.states import (
    HALTED_STATUSES,
    MOVING_OUTCOMES,
    OPEN_STATUSES,
    ReviewOutcome,
    RolloutStatus,
    TargetState,
)
from rollouts.states.governing import DecisionKind, DecisionStatus

_WAITING: Final = (TargetState.ELIGIBLE, TargetState.SCHEDULED)
_ON_HUB: Final = (TargetState.DISTRIBUTED, TargetState.CANCELLED)

WHAT_TO_DO: Final[Mapping[str, str]] = {
    ReviewOutcome.PROCEED: "Nothing. Your instructions stand, and what was recalled is sent again.",
    ReviewOutcome.PAUSE: "Nothing for now. Your instructions are kept; you are told when it goes on.",
    ReviewOutcome.DELAY: "Hubs whose time had defaulted can be instructed again until the new cut-off. "
    "Times you have asked for stand, unless you change them.",
    ReviewOutcome.BRING_FORWARD: "Instruct hubs that still wait for your answer until the new cut-off. "
    "Times you have asked for stand, but none is later than the new automatic time.",
    ReviewOutcome.STOP: "Nothing. Hubs that run the new firmware keep it; all others stay as they are.",
}

_NONE_TO_ASK: Final = (
    "Nothing. The new dates open no window for instructions: times that had defaulted move with DCC's, and "
    "times you have asked for stand."
)
_NO_TIME_LEFT: Final = (
    "Nothing. The new cut-off has passed: hubs you have not instructed activate at DCC's time. Times you "
    "have asked for stand, but none is later than the new automatic time."
)
_STANDS: Final = " Until the rollout goes on nothing leaves; you are told when it does."


@inside_unit_of_work
def enact(scope: Scope, decision: Decision, rollout: Rollout | None, *, now: datetime) -> None:
    """Do what was confirmed, in the transaction that verified it; the caller holds both rows.

    Raises:
        RuleBroken: the new date has passed meanwhile.
    """
    decision.status, decision.decided_at = DecisionStatus.ENACTED, now
    decision.save(update_fields=["status", "decided_at"])
    if decision.kind == DecisionKind.REQUIREMENTS or rollout is None:
        put_requirements(scope, decision, now=now)
    else:
        _enact_on(scope, decision, rollout, now=now)
    if decision.outcome not in MOVING_OUTCOMES:
        decision.finished_at = now
    decision.save(update_fields=["effects", "finished_at", "follow_up_until"])


def _enact_on(scope: Scope, decision: Decision, rollout: Rollout, *, now: datetime) -> None:
    if rollout.status not in OPEN_STATUSES:
        raise StepRefused("The rollout has ended.")
    shares, open_again = shares_of(rollout.pk), dict[int, int]()
    stood_at = rollout.status
    moved: dict[str, str] = {}
    if decision.outcome in MOVING_OUTCOMES:
        moved = _move_dates(decision, rollout, now=now)
        open_again = _asked_again(rollout, now=now)
    verb = verb_for(ReviewOutcome(decision.outcome), RolloutStatus(stood_at), goes_on=decision.goes_on)
    overdue: dict[int, dict[str, int]] = {}
    if verb == "resume":
        are_moved = decision.outcome in MOVING_OUTCOMES
        hubs = overdue_hubs(rollout.pk, are_moved=are_moved, now=now)
        overdue = {party: {"overdue": number} for party, number in hubs.by_party.items() if number}
    if verb is not None:
        data = {"decision": decision.pk, "outcome": decision.outcome}
        step_taken(
            _confirmed(scope), rollout, verb=verb, reason=decision.reasons, data=data, own=overdue, now=now
        )
    decision.effects = {"from": stood_at, "to": rollout.status, **shares.total.document(), **moved}
    journal.record(
        "decision.enacted",
        subject=f"decision:{decision.pk}",
        by=scope,
        at=now,
        facts={
            "rollout": rollout.pk,
            "outcome": decision.outcome,
            "version": decision.version,
            **decision.effects,
        },
    )
    _notify(decision, rollout, shares, open_again, moved, overdue, now=now)


def verb_for(outcome: ReviewOutcome, status: RolloutStatus, *, goes_on: bool) -> str | None:
    """Name the step a confirmed outcome takes from where the rollout stands; None where it stays there."""
    is_halted = status in HALTED_STATUSES
    if outcome == ReviewOutcome.STOP:
        return "stop"
    if outcome == ReviewOutcome.PROCEED or (outcome in MOVING_OUTCOMES and goes_on):
        return "resume" if is_halted else None
    if outcome in MOVING_OUTCOMES and not is_halted:
        return None
    return None if status == RolloutStatus.PAUSED else "pause"


def _move_dates(decision: Decision, rollout: Rollout, *, now: datetime) -> dict[str, str]:
    automatic_at = decision.automatic_at
    assert automatic_at is not None  # noqa: S101 - by a constraint
    is_delay = decision.outcome == ReviewOutcome.DELAY
    rules.check_moved_at(automatic_at, before=rollout.automatic_at, is_delay=is_delay, now=now)
    moved = move_dates(rollout, automatic_at=automatic_at, now=now)
    decision.follow_up_until = max(rollout.cutoff_at, now)
    return moved


def _confirmed(scope: Scope) -> Scope:
    # The sign-offs are what permits the step, whoever of those asked gave the last one.
    return replace(scope, roles=scope.roles | MAY_CONFIRM)


def _asked_again(rollout: Rollout, *, now: datetime) -> dict[int, int]:
    """Count each party's hubs that had defaulted, in windows that the new dates have opened."""
    by_party: defaultdict[int, int] = defaultdict(int)
    batch_ids = open_windows(rollout, now=now)
    for row in sql.fetch_all("rollouts", "defaulted_by_pair", rollout_id=rollout.pk, batch_ids=batch_ids):
        for party in {row.import_supplier_id, row.gas_supplier_id} - {0}:
            by_party[party] += row.hubs
    return dict(by_party)


def _notify(
    decision: Decision,
    rollout: Rollout,
    shares: Shares,
    open_again: Mapping[int, int],
    moved: Mapping[str, str],
    overdue: Mapping[int, Mapping[str, int]],
    *,
    now: datetime,
) -> None:
    """Tell every party what was decided and what it means for its own hubs, in numbers and dates."""
    outcome = ReviewOutcome(decision.outcome)
    is_forward = outcome == ReviewOutcome.BRING_FORWARD
    own = _own_numbers(outcome, rollout, shares, open_again)
    own = {party: {**numbers, **overdue.get(party, {})} for party, numbers in own.items()}
    data = {
        "name": rollout.name,
        "decision": decision.pk,
        "outcome": outcome.value,
        "status": rollout.status,
        "reason": f"{outcome.label}. {decision.reasons}",
        "what_to_do": _what_to_do(outcome, rollout, is_open_again=bool(open_again), now=now),
        "automatic_at": rollout.automatic_at.isoformat(),
        "cutoff_at": rollout.cutoff_at.isoformat(),
    }
    journal.publish_entries(
        EntryKind.DECISION_MADE,
        parties=own,
        rollout_id=rollout.pk,
        at=now,
        data=data,
        data_by_party=own,
    )
    if outcome in MOVING_OUTCOMES:
        dates = {**data, **moved, "has_window": rollout.cutoff_at >= now}
        journal.publish_entries(
            EntryKind.ROLLOUT_BROUGHT_FORWARD if is_forward else EntryKind.ROLLOUT_DELAYED,
            parties=own,
            rollout_id=rollout.pk,
            at=now,
            data=dates,
            data_by_party=own,
        )


def _own_numbers(
    outcome: ReviewOutcome, rollout: Rollout, shares: Shares, open_again: Mapping[int, int]
) -> dict[int, dict[str, Any]]:
    """Return what the decision means for each party's own hubs."""
    later: Mapping[int, int] = {}
    if outcome == ReviewOutcome.BRING_FORWARD:
        later = instructed_later(rollout.pk, than=rollout.automatic_at)
    own: dict[int, dict[str, Any]] = {}
    for party, document in party_numbers(rollout, shares).items():
        states = Counter(document.get("states", {}))
        own[party] = {**document, "means": _means(outcome, RolloutStatus(rollout.status), states)}
        if party not in shares.by_supplier:
            continue
        if outcome == ReviewOutcome.DELAY:
            own[party]["open_again"] = open_again.get(party, 0)
        if outcome == ReviewOutcome.BRING_FORWARD:
            own[party]["brought_forward"] = later.get(party, 0)
    last = local_day(rollout.automatic_at).isoformat()
    for party, by_day in _instructed_by_day(rollout.pk).items():
        if party in own:
            own[party]["instructed_by_day"] = _until(last, by_day)
    return own


def _until(last: str, by_day: Mapping[str, int]) -> dict[str, int]:
    """Count what lies after the last day on it: no hub activates later than the automatic time."""
    counted: Counter[str] = Counter()
    for day, hubs in by_day.items():
        counted[min(day, last)] += hubs
    return dict(sorted(counted.items()))


def _instructed_by_day(rollout_id: int) -> dict[int, dict[str, int]]:
    """Count the hubs each Supplier has answered for and that are not settled, by local day."""
    by_party: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in sql.fetch_all("rollouts", "instructed_by_day", rollout_id=rollout_id):
        by_party[row.party][row.day.isoformat()] = row.hubs
    return by_party


def _what_to_do(outcome: ReviewOutcome, rollout: Rollout, *, is_open_again: bool, now: datetime) -> str:
    words = WHAT_TO_DO[outcome]
    if outcome not in MOVING_OUTCOMES:
        return words
    if outcome == ReviewOutcome.DELAY and not is_open_again:
        words = _NONE_TO_ASK
    if outcome == ReviewOutcome.BRING_FORWARD and rollout.cutoff_at < now:
        words = _NO_TIME_LEFT
    return words + _STANDS if rollout.status in HALTED_STATUSES else words


def _means(outcome: ReviewOutcome, status: RolloutStatus, states: Counter[str]) -> dict[str, int]:
    """Put a party's hubs under what the outcome means for them, by where it has left the rollout."""
    halts = outcome == ReviewOutcome.STOP or status in HALTED_STATUSES
    waiting = sum(states[state.name] for state in (*_WAITING, *_ON_HUB))
    return {
        "settled": states[TargetState.ACTIVATED.name],
        ("withdrawn" if outcome == ReviewOutcome.STOP else "held_back" if halts else "go_on"): waiting,
        "images_on_their_way": states[TargetState.DISTRIBUTING.name],
        ("being_recalled_or_activating" if halts else "activating"): states[TargetState.ACTIVATING.name]
        + states[TargetState.CANCELLING.name],
    }
