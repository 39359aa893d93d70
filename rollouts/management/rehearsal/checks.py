"""What must be so after the rehearsal, held against the simulator's truth; and what it came to."""

from __future__ import annotations

from typing import Any

from portal.events.models import Event
from portal.events.sequencer import broken_links
from rollouts import services
from rollouts.management.rehearsal.script import Rehearsal, broken_homes, count
from rollouts.models import Command, Target
from rollouts.states import CommandKind, FailureCode, ReviewOutcome, TargetState

_T = TargetState
_MOVING = (CommandKind.DISTRIBUTE, CommandKind.ACTIVATE)


def document_of(rehearsal: Rehearsal) -> dict[str, Any]:
    """Sum the rehearsal up."""
    journey = rehearsal.journey
    targets = Target.objects.filter(rollout_id=journey.rollout_id)
    activated = count(journey, _T.ACTIVATED)
    live = targets.count()
    after = targets.filter(activated_after_halt=True).count()
    rate = rehearsal.broken_before / rehearsal.activated_before if rehearsal.activated_before else 0.0
    spared = live - rehearsal.activated_before - after if rehearsal.outcome == ReviewOutcome.STOP else 0
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
        "activated_in_all": activated,
        "homes_broken_in_all": len(broken_homes()),
        "hubs_spared": spared,
        "homes_spared_against_running_on": round(spared * rate),
        "wrong": _wrong(rehearsal),
    }


def _wrong(rehearsal: Rehearsal) -> dict[str, int]:
    """Count what must be nothing."""
    journey = rehearsal.journey
    rollout_id = journey.rollout_id
    halted_at = Event.objects.filter(subject=f"rollout:{rollout_id}", name="rollout.suspended").earliest("id")
    resumed = Event.objects.filter(subject=f"rollout:{rollout_id}", name="rollout.resumed").first()
    left = Command.objects.filter(rollout_id=rollout_id, kind__in=_MOVING, left_at__gt=halted_at.happened_at)
    if resumed is not None:
        left = left.filter(left_at__lt=resumed.happened_at)
    truth = journey.simulator.hubs()
    targets = Target.objects.filter(rollout_id=rollout_id)
    until = resumed.happened_at if resumed is not None else journey.clocks.now
    running = {
        guid
        for guid, hub in truth.items()
        if hub.activated_at is not None and halted_at.happened_at < hub.activated_at < until
    }
    # What may activate after a halt: hubs that were told before it, and could not be recalled.
    excused = set(targets.filter(activated_after_halt=True).values_list("guid", flat=True)) | set(
        targets.filter(code=FailureCode.CANCEL_FAILED).values_list("guid", flat=True)
    )
    known = set(targets.values_list("guid", flat=True))
    drift = services.measure_drift(rollout_id=rollout_id).total
    wrong = {
        "commands that left while it stood": left.count(),
        "hubs that activated after the halt and are not reported as such": len((running & known) - excused),
        "incidents raised for nothing": 0 if rehearsal.hubs_in_incidents else 1,
        "facts that do not fit the chain": len(list(broken_links())),
        "targets by which a tally differs from a recount": drift,
    }
    if rehearsal.outcome == ReviewOutcome.STOP:
        going = count(journey, _T.ELIGIBLE, _T.SCHEDULED, _T.DISTRIBUTING, _T.DISTRIBUTED, _T.CANCELLED)
        wrong["hubs left in a rollout that was stopped"] = going
    else:
        wrong["hubs still recalled after it resumed"] = count(journey, _T.CANCELLED, _T.CANCELLING)
    return wrong


def table(document: dict[str, Any]) -> list[str]:
    """Write the summary as lines."""
    rows = [(name.replace("_", " "), value) for name, value in document.items() if name != "wrong"]
    width = max(len(name) for name, _ in rows)
    return [
        f"{name:<{width}}  {value:,}\n" if isinstance(value, int) else f"{name:<{width}}  {value}\n"
        for name, value in rows
    ]
