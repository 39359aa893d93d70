"""What Suppliers do in a journey, at the portal's pages; and how time is let pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from demo.journey import by_xml
from demo.journey.cast import Journey, own_hubs, scope_of
from demo.journey.clocks import DAY
from demo.journey.lists import spoilt_list
from demo.journey.visitor import TurnedAway
from demo.journey.waiting import NeverQuiet, settle
from demo.seed import people
from demo.seed.xml_supplier import XML_SUPPLIER
from rollouts import services
from rollouts.models import Decision, Instruction, Target
from rollouts.states import Answer, BatchKind, InstructionKind, TargetState
from rollouts.states.governing import SignOffVerdict

_MOST_DAYS_OF_WAITING: Final = 30
_LOOK_EVERY: Final = 0.2


def day(journey: Journey, number: float, *, hour: int = 0) -> datetime:
    """Return a moment of a day of the journey, counted from its beginning."""
    first = journey.begins_at.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    return first + timedelta(days=number, hours=hour)


def pass_until(journey: Journey, moment: datetime, *, rate: float) -> None:
    """Let time pass at a rate, and everything that is due by then be done."""
    journey.clocks.run(moment, rate=rate)
    settle(journey.clocks, journey.simulator)


def wait_for(journey: Journey, is_so: Callable[[], bool], *, rate: float) -> None:
    """Let time pass at a rate until something is so.

    Raises:
        NeverQuiet: it is not so after a month.
    """
    until = journey.clocks.now + timedelta(days=_MOST_DAYS_OF_WAITING, seconds=DAY)
    journey.clocks.run(until, rate=rate, until=is_so)
    if not is_so():
        raise NeverQuiet(f"After {_MOST_DAYS_OF_WAITING} days of business time it is still not so.")


def approve(journey: Journey, decision: Decision) -> None:
    """Let the Panel approve what DCC recommends, and what follows from it be done."""
    services.sign_off(
        people.scope_of(people.PANEL),
        decision_id=decision.pk,
        version=decision.version,
        verdict=SignOffVerdict.APPROVE,
        comment="Agreed.",
        now=journey.clocks.now,
    )
    settle(journey.clocks, journey.simulator)


def nominate(journey: Journey, supplier: str, condition: Mapping[str, Any], *, size: int) -> int:
    """Let a Supplier nominate a sample by a rule it saves; return the number of the nomination."""
    scope, now = scope_of(supplier), journey.clocks.now
    sample = {"size": size, "strata": ["region", "supply"], "seed": 7}
    rule = services.save_rule(scope, name="Pilot", tree={"all": [dict(condition)]}, sample=sample, now=now)
    done = services.submit_pilot(scope, rollout_id=journey.rollout_id, rule_version_id=rule.pk, now=now)
    return done.submission_id


def pilot_hubs(journey: Journey) -> set[int]:
    """Return the hubs of the pilot group."""
    batches = journey.rollout.batches.filter(kind=BatchKind.PILOT)
    targets = Target.objects.filter(rollout_id=journey.rollout_id, batch_id__in=batches)
    return set(targets.values_list("guid", flat=True))


def upload(
    journey: Journey,
    supplier: str,
    kind: InstructionKind,
    file: bytes,
    file_name: str,
    *,
    activate_at: datetime | None = None,
) -> Instruction | None:
    """Let somebody of a Supplier upload a list, or its system send it; none where all of it was refused."""
    try:
        if supplier == XML_SUPPLIER:
            return by_xml.send_list(journey, kind, by_xml.ids_of(file), activate_at=activate_at)
        reference = journey.visitor(supplier).instruct(
            journey.rollout_id,
            kind=kind.value,
            file=file,
            file_name=file_name,
            activate_at=activate_at,
            name=file_name,
        )
    except TurnedAway as refusal:
        journey.refusals[f"{supplier}, {file_name}: {refusal}"] += 1
        return None
    return Instruction.objects.get(reference=reference)


def upload_spoilt(journey: Journey, supplier: str, *, share: float, activate_at: datetime | None) -> None:
    """Let a Supplier upload a list in mixed spellings in which everything is wrong that can be.

    Raises:
        AssertionError: the receipt does not say what is wrong line by line.
    """
    own = own_hubs(journey, supplier, answer=Answer.NONE, states=[TargetState.ELIGIBLE])
    spoilt = spoilt_list(scope_of(supplier), journey.rollout, own[: round(len(own) * share)], seed=len(own))
    taken = upload(
        journey, supplier, InstructionKind.INSTRUCT, spoilt.text, "our hubs.csv", activate_at=activate_at
    )
    if taken is None:
        raise AssertionError(f"The list of {supplier} was refused: {list(journey.refusals)}")
    while taken.finished_at is None:
        time.sleep(_LOOK_EVERY)
        taken.refresh_from_db()
    counts = (taken.accepted, taken.rejected_by_reason)
    if counts != (len(spoilt.good), spoilt.expected):
        raise AssertionError(f"{supplier}: {counts} instead of {(len(spoilt.good), spoilt.expected)}")
    if supplier == XML_SUPPLIER:
        by_xml.check_lists(journey, taken, spoilt)
