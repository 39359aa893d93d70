"""The stages of the rehearsal, in order; what each leaves is on the `Rehearsal`."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx
from django.conf import settings

from demo.journey.acting import approve, day, wait_for
from demo.journey.cast import (
    AMBERGATE,
    BRACKENMOOR,
    COLDWATER,
    ELMSWORTH,
    Journey,
    own_hubs,
    scope_of,
)
from demo.journey.clocks import DAY, HOUR
from demo.journey.waiting import settle
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import CplEntry, Decision, Rollout, Target
from rollouts.queries.governance.evidence import evidence_pack
from rollouts.services import HubList, IncidentAccount
from rollouts.states import HALTED_STATUSES, OPEN_STATUSES, InstructionKind, ReviewOutcome, TargetState
from rollouts.states.governing import OPEN_DECISIONS, HanImpact

_MODEL: Final = "433100AC"
_VERSION: Final = "0C230000"
_BRISK: Final = 2 * HOUR  # business seconds a second
_FAST: Final = DAY
_FIRST: Final = (AMBERGATE,)
_SECOND: Final = (BRACKENMOOR, COLDWATER, ELMSWORTH)
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Rehearsal:
    """What the rehearsal plays with, and what has come of it so far."""

    journey: Journey
    outcome: ReviewOutcome
    incidents: int = 0
    hubs_in_incidents: int = 0
    activated_before: int = 0
    broken_before: int = 0
    seconds_to_suspend: float = 0.0
    reason: str = ""
    evidence: bytes = field(default=b"", repr=False)

    @property
    def rollout(self) -> Rollout:
        """The rollout as it now stands."""
        return self.journey.rollout


Stage = Callable[[Rehearsal], None]


def notice(rehearsal: Rehearsal) -> None:
    """Publish a rollout without a pilot; one Supplier wants it on day 12, three others a day later."""
    journey = rehearsal.journey
    entry = CplEntry.objects.get(device_model__model=_MODEL, firmware_version=_VERSION)
    draft = services.draft_rollout(
        journey.dcc,
        name="The bad release",
        cpl_entry_id=entry.pk,
        kind="UNPLANNED",
        severity="MAJOR",
        priority="P2",
        automatic_at=day(journey, 84),
        release_note_url="https://dcc.example/release-notes/bad",
        has_pilot=False,
        unreachable_until=day(journey, 98),
        now=journey.clocks.now,
    )
    services.notify_rollout(journey.dcc, rollout_id=draft.pk, now=journey.clocks.now)
    journey.rollout_id = draft.pk
    for names, number in ((_FIRST, 12), (_SECOND, 13)):
        for name in names:
            services.receive_instruction(
                scope_of(name),
                rollout_id=draft.pk,
                kind=InstructionKind.INSTRUCT,
                source=HubList.from_stored(own_hubs(journey, name)),
                activate_at=day(journey, number, hour=2),
                received_at=journey.clocks.now,
                now=journey.clocks.now,
            )
    settle(journey.clocks, journey.simulator)


def distribution(rehearsal: Rehearsal) -> None:
    """Let images go out, and the activations of both days, dated ahead."""
    journey = rehearsal.journey
    journey.clocks.run(journey.clocks.now + 2 * _DAY, rate=_BRISK)
    settle(journey.clocks, journey.simulator)
    journey.clocks.jump(day(journey, 11, hour=12))
    settle(journey.clocks, journey.simulator)


def first_wave(rehearsal: Rehearsal) -> None:
    """Let the first Supplier's hubs activate; in some homes devices are lost."""
    journey = rehearsal.journey
    journey.clocks.jump(day(journey, 12, hour=1))
    journey.clocks.run(day(journey, 12, hour=6), rate=_BRISK)
    settle(journey.clocks, journey.simulator)
    rehearsal.activated_before = count(journey, TargetState.ACTIVATED)
    rehearsal.broken_before = len(broken_homes())


def incidents(rehearsal: Rehearsal) -> None:
    """Let the Supplier raise incidents for its homes, until a halt rule suspends the rollout."""
    journey = rehearsal.journey
    own = set(own_hubs(journey, AMBERGATE))
    hurt = sorted(own & broken_homes())
    began = time.monotonic()
    for first in range(0, len(hurt), max(len(hurt) // 3, 1)):
        part = hurt[first : first + max(len(hurt) // 3, 1)]
        account = IncidentAccount(
            category=2,
            title="Meters and displays lost after the new firmware",
            han_impact=HanImpact.SOME_DEVICES,
            han_devices=len(part),
        )
        raised = services.raise_incident(
            scope_of(AMBERGATE),
            rollout_id=journey.rollout_id,
            account=account,
            source=HubList.from_stored(part),
            now=journey.clocks.now,
        )
        rehearsal.incidents += 1
        rehearsal.hubs_in_incidents += raised.hubs
    wait_for(journey, lambda: rehearsal.rollout.status in HALTED_STATUSES, rate=60)
    rehearsal.seconds_to_suspend = time.monotonic() - began
    rehearsal.reason = rehearsal.rollout.status_reason
    settle(journey.clocks, journey.simulator)


def review(rehearsal: Rehearsal) -> None:
    """Let the second day pass on hubs that were recalled; DCC packs the evidence and recommends."""
    journey = rehearsal.journey
    journey.clocks.run(day(journey, 13, hour=12), rate=_BRISK)
    settle(journey.clocks, journey.simulator)
    pack = evidence_pack(journey.dcc, rollout_id=journey.rollout_id, now=journey.clocks.now)
    rehearsal.evidence = pack.content
    decision = _open(journey)
    services.recommend(
        journey.dcc,
        decision_id=decision.pk,
        version=decision.version,
        outcome=rehearsal.outcome,
        reasons="One home in eight loses devices. See the evidence.",
        now=journey.clocks.now,
    )


def panel(rehearsal: Rehearsal) -> None:
    """Let the Panel confirm; the rollout stops, or goes on with firmware that has been mended."""
    journey = rehearsal.journey
    if rehearsal.outcome == ReviewOutcome.PROCEED:
        journey.simulator.follow({"name": "calm"})
    approve(journey, _open(journey))


def afterwards(rehearsal: Rehearsal) -> None:
    """Let four more days pass: nothing moves after a stop; after a resumption, everything recalled does."""
    journey = rehearsal.journey
    journey.clocks.run(journey.clocks.now + 4 * _DAY, rate=4 * _BRISK)
    settle(journey.clocks, journey.simulator)


def completion(rehearsal: Rehearsal) -> None:
    """Let a rollout that goes on come to its end: DCC's automatic time, and the last hub given up."""
    journey = rehearsal.journey
    if rehearsal.outcome == ReviewOutcome.STOP:
        return
    automatic_at = journey.rollout.automatic_at
    journey.clocks.jump(automatic_at - 8 * _DAY)
    journey.clocks.run(automatic_at + 2 * _DAY, rate=_FAST)
    settle(journey.clocks, journey.simulator)
    journey.clocks.run((journey.rollout.unreachable_until or automatic_at) + _DAY, rate=_FAST)
    settle(journey.clocks, journey.simulator)
    wait_for(journey, lambda: journey.rollout.status not in OPEN_STATUSES - HALTED_STATUSES, rate=_FAST)
    settle(journey.clocks, journey.simulator)


STAGES: Final[Sequence[Stage]] = (
    notice,
    distribution,
    first_wave,
    incidents,
    review,
    panel,
    afterwards,
    completion,
)


def count(journey: Journey, *states: TargetState) -> int:
    """Count the hubs of the rollout in some states."""
    targets = Target.objects.filter(rollout_id=journey.rollout_id, state__in=[int(each) for each in states])
    return targets.count()


def broken_homes() -> set[int]:
    """Ask the simulator for the hubs whose homes have really lost devices."""
    url = f"{settings.CSP_BASE_URL}/truth/hubs"
    with httpx.Client(timeout=120, trust_env=False) as client:
        answer = client.get(url, params={"changed": "1"}).raise_for_status()
    rows = csv.DictReader(answer.text.splitlines())
    return {Guid.parse(row["guid"]).db for row in rows if int(row["han_lost"] or 0)}


def _open(journey: Journey) -> Decision:
    return Decision.objects.get(rollout_id=journey.rollout_id, status__in=sorted(OPEN_DECISIONS))
