"""What must be so after the rehearsal, compared with the simulator's truth; and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from demo.journey import checks
from demo.rehearsal.aftermath import HaltInterval, SentCommand, wrongly_activated
from demo.rehearsal.script import Rehearsal, broken_homes, count
from portal.events.models import Event
from portal.events.sequencer import broken_links
from rollouts import services
from rollouts.models import Command, Target
from rollouts.states import CommandKind, ReviewOutcome, RolloutStatus, TargetState

_T = TargetState
_MOVING = (CommandKind.DISTRIBUTE, CommandKind.ACTIVATE)
_NEVER_HEARD_OF = (_T.ACTIVATING, _T.CANCELLING, _T.NO_CONFIRMATION)


def document_of(rehearsal: Rehearsal) -> dict[str, Any]:
    """Sum the rehearsal up; `wrong` counts what must be nothing."""
    journey = rehearsal.journey
    targets = Target.objects.filter(rollout_id=journey.rollout_id)
    live = targets.count()
    after = targets.filter(activated_after_halt=True).count()
    rate = rehearsal.broken_before / rehearsal.activated_before if rehearsal.activated_before else 0.0
    spared = max(live - rehearsal.activated_before - after, 0)
    return {
        "outcome": rehearsal.outcome.value,
        "status": rehearsal.rollout.status,
        "hubs": live,
        "activated_before_the_halt": rehearsal.activated_before,
        "homes_broken_before_the_halt": rehearsal.broken_before,
        "incidents": rehearsal.incidents,
        "hubs_in_incidents": rehearsal.hubs_in_incidents,
        "seconds_from_the_first_incident_to_the_halt": round(rehearsal.seconds_to_suspend, 1),
        "why": rehearsal.reason,
        "activated_after_the_halt": after,
        "activated_in_all": count(journey, _T.ACTIVATED),
        "homes_broken_in_all": len(broken_homes()),
        "hubs_spared": spared,
        "homes_spared_against_running_on": round(spared * rate),
        "wrong": _wrong(rehearsal),
    }


def _wrong(rehearsal: Rehearsal) -> dict[str, int]:
    """Count what must be nothing."""
    rollout_id = rehearsal.journey.rollout_id
    halt = _halt(rehearsal)
    left = Command.objects.filter(rollout_id=rollout_id, kind__in=_MOVING)
    wrong = {
        "commands that left while it stood": left.filter(left_at__gt=halt.at, left_at__lt=halt.until).count(),
        **_against_truth(rehearsal, halt),
        "hubs told to activate by day at a time nobody chose": checks.unchosen_outside_hours(
            rehearsal.rollout
        ),
        "agreements outliving their time": checks.outlived(
            list(Target.objects.filter(rollout_id=rollout_id))
        ),
        "hubs stuck with nobody due": rehearsal.journey.stuck.total(),
        "incidents raised for nothing": 0 if rehearsal.hubs_in_incidents else 1,
        "facts that do not fit the chain": len(list(broken_links())),
        "targets by which a tally differs from a recount": services.measure_drift(
            rollout_id=rollout_id
        ).total,
    }
    return {**wrong, **_unfinished(rehearsal)}


def _halt(rehearsal: Rehearsal) -> HaltInterval:
    facts = Event.objects.filter(subject=f"rollout:{rehearsal.journey.rollout_id}").order_by("id")
    halted = facts.filter(name="rollout.suspended").first()
    if halted is None:
        return HaltInterval(rehearsal.journey.clocks.now, rehearsal.journey.clocks.now)
    resumed = facts.filter(name="rollout.resumed", id__gt=halted.pk).first()
    until = resumed.happened_at if resumed else rehearsal.journey.clocks.now
    return HaltInterval(halted.happened_at, until)


def _against_truth(rehearsal: Rehearsal, halt: HaltInterval) -> dict[str, int]:
    rows = Target.objects.filter(rollout_id=rehearsal.journey.rollout_id)
    targets = {
        guid: (state, is_flagged)
        for guid, state, is_flagged in rows.values_list("guid", "state", "activated_after_halt")
    }
    activated = _activated(rehearsal, targets)
    ran = [guid for guid, at in activated.items() if halt.covers(at)]
    unreported = [
        guid for guid in ran if not targets[guid][1] and TargetState(targets[guid][0]) not in _NEVER_HEARD_OF
    ]
    return {
        "hubs that activated after the halt and should not have": len(
            wrongly_activated(activated, _left(rehearsal), halt=halt)
        ),
        "hubs that activated after the halt and are not reported as such": len(unreported),
    }


def _activated(rehearsal: Rehearsal, targets: Mapping[int, Any]) -> dict[int, datetime]:
    truth = rehearsal.journey.simulator.hubs()
    return {
        guid: hub.activated_at
        for guid, hub in truth.items()
        if guid in targets and hub.activated_at is not None
    }


def _left(rehearsal: Rehearsal) -> list[SentCommand]:
    rows = Command.objects.filter(
        rollout_id=rehearsal.journey.rollout_id, kind__in=(CommandKind.ACTIVATE, CommandKind.CANCEL)
    ).exclude(left_at=None)
    return [
        SentCommand(CommandKind(row.kind), row.guids, row.left_at, row.execute_at)
        for row in rows
        if row.left_at is not None
    ]


def _unfinished(rehearsal: Rehearsal) -> dict[str, int]:
    journey = rehearsal.journey
    if rehearsal.outcome == ReviewOutcome.STOP:
        going = count(journey, _T.ELIGIBLE, _T.SCHEDULED, _T.DISTRIBUTING, _T.DISTRIBUTED, _T.CANCELLED)
        return {"hubs left in a rollout that was stopped": going}
    return {
        "hubs still recalled after it resumed": count(journey, _T.CANCELLED, _T.CANCELLING),
        "rollouts that resumed and did not come to their end": int(
            rehearsal.rollout.status != RolloutStatus.COMPLETE
        ),
    }


def table(document: dict[str, Any]) -> list[str]:
    """Write the summary as lines."""
    rows = [(name.replace("_", " "), value) for name, value in document.items() if name != "wrong"]
    width = max(len(name) for name, _ in rows)
    return [
        f"{name:<{width}}  {value:,}\n" if isinstance(value, int) else f"{name:<{width}}  {value}\n"
        for name, value in rows
    ]
