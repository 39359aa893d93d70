"""The stages of a journey, in order: what the DCC, the Suppliers and time do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F

from demo.journey import beside
from demo.journey.acting import (
    day,
    nominate,
    pass_until,
    pilot_hubs,
    upload,
    upload_spoilt,
    wait_for,
)
from demo.journey.by_xml import readings
from demo.journey.cast import (
    AMBERGATE,
    BRACKENMOOR,
    COLDWATER,
    DOVEDALE,
    ELMSWORTH,
    FOXGLOVE,
    GREYFRIARS,
    INGLENOOK,
    JUNIPER,
    Journey,
    own_hubs,
    scope_of,
    suppliers,
)
from demo.journey.changing import change_hands
from demo.journey.clocks import DAY, HOUR
from demo.journey.lists import plain_list
from demo.journey.waiting import settle
from rollouts import services
from rollouts.models import CplEntry, Rollout, Target
from rollouts.queries.rollouts.eligibility import eligible_csv
from rollouts.states import Answer, InstructionKind, RolloutStatus, TargetState

_MODEL: Final = "433100AC"
_VERSION: Final = "0C230000"
_DAY: Final = timedelta(days=1)
_SOME: Final = 20
_BRISK: Final = 12 * HOUR  # business seconds a second
_FAST: Final = DAY

Stage = Callable[[Journey], None]


def notice(journey: Journey) -> None:
    """Publish the notice; every Supplier takes its report."""
    now = journey.clocks.now
    entry = CplEntry.objects.get(device_model__model=_MODEL, firmware_version=_VERSION)
    automatic_at = day(journey, 84)
    draft = services.draft_rollout(
        journey.dcc,
        name="The journey",
        cpl_entry_id=entry.pk,
        kind="SEC_RELEASE",
        severity="MAJOR",
        priority="P2",
        automatic_at=automatic_at,
        release_note_url="https://dcc.example/release-notes/journey",
        unreachable_until=automatic_at + 9 * _DAY,
        now=now,
    )
    services.notify_rollout(journey.dcc, rollout_id=draft.pk, now=now)
    journey.rollout_id = draft.pk
    journey.calm_halt_rules(draft.pk)
    for name in suppliers().values():
        report = b"".join(eligible_csv(scope_of(name), rollout_id=draft.pk))
        if report.count(b"\n") != 1 + len(own_hubs(journey, name)):
            raise AssertionError(f"The report of {name} does not list its own hubs.")


def nominations(journey: Journey) -> None:
    """Let two Suppliers nominate hubs by rules they saved; confirm them; the second Suppliers agree."""
    journey.clocks.jump(day(journey, 1))
    size = min(max(len(own_hubs(journey, AMBERGATE)) // 10, 5), 100)
    waiting = [
        nominate(journey, AMBERGATE, {"field": "smi_status", "op": "=", "value": "COMMISSIONED"}, size=size),
        nominate(journey, BRACKENMOOR, {"field": "han_devices", "op": ">=", "value": 2}, size=size),
    ]
    journey.clocks.jump(day(journey, 2))
    now = journey.clocks.now
    services.confirm_pilot(journey.dcc, rollout_id=journey.rollout_id, submission_ids=waiting, now=now)
    in_pilot = pilot_hubs(journey)
    for name in (COLDWATER, DOVEDALE, ELMSWORTH):
        own = [hub for hub in own_hubs(journey, name, split=True) if hub in in_pilot]
        if own:
            upload(journey, name, InstructionKind.AGREE, plain_list(own), "pilot.csv")
    services.start_pilot(journey.dcc, rollout_id=journey.rollout_id, now=journey.clocks.now)


def pilot(journey: Journey) -> None:
    """Run the pilot, say how it goes, end it and accept its outcome."""
    dcc, rollout_id = journey.dcc, journey.rollout_id
    pass_until(journey, journey.clocks.now + 5 * _DAY, rate=_FAST)
    services.comment_on_pilot(dcc, rollout_id=rollout_id, commentary="As expected.", now=journey.clocks.now)
    journey.clocks.jump(day(journey, 8))
    commentary = "The pilot hubs that answered run the new version."
    services.end_pilot(dcc, rollout_id=rollout_id, commentary=commentary, now=journey.clocks.now)
    journey.clocks.jump(day(journey, 10))
    services.accept_pilot(dcc, rollout_id=rollout_id, commentary="Accepted.", now=journey.clocks.now)


def instructions(journey: Journey) -> None:
    """Let Suppliers upload their lists: with bad lines of every kind, dated and not, agreeing, declining."""
    journey.clocks.jump(day(journey, 12))
    instruct = InstructionKind.INSTRUCT
    upload_spoilt(journey, AMBERGATE, share=0.75, activate_at=day(journey, 30, hour=2))
    upload_spoilt(journey, BRACKENMOOR, share=0.6, activate_at=None)
    upload_spoilt(journey, COLDWATER, share=0.8, activate_at=day(journey, 35))
    shared = own_hubs(journey, COLDWATER, split=True, answer=Answer.NONE)
    upload(journey, COLDWATER, InstructionKind.AGREE, plain_list(shared[::2]), "agreed.csv")
    upload(journey, COLDWATER, InstructionKind.DECLINE, plain_list(shared[1::2]), "declined.csv")
    upload(
        journey,
        INGLENOOK,
        instruct,
        plain_list(own_hubs(journey, INGLENOOK)),
        "gas.csv",
        activate_at=day(journey, 33),
    )
    upload(
        journey, DOVEDALE, InstructionKind.AGREE, plain_list(own_hubs(journey, DOVEDALE, split=True)), "a.csv"
    )
    sole = own_hubs(journey, DOVEDALE, split=False)
    upload(
        journey, DOVEDALE, instruct, plain_list(sole[: len(sole) // 2]), "b.csv", activate_at=day(journey, 31)
    )
    upload(
        journey,
        ELMSWORTH,
        InstructionKind.DECLINE,
        plain_list(own_hubs(journey, ELMSWORTH, split=True)),
        "d.csv",
    )
    juniper = own_hubs(journey, JUNIPER)
    upload(journey, JUNIPER, instruct, plain_list(juniper[1:]), "i.csv")
    # Nothing to withdraw for the first of these.
    upload(journey, JUNIPER, InstructionKind.WITHDRAW, plain_list(juniper[:2]), "w.csv")
    greyfriars = plain_list(own_hubs(journey, GREYFRIARS))
    upload(journey, GREYFRIARS, instruct, greyfriars, "late.csv", activate_at=journey.rollout.automatic_at)


def second_thoughts(journey: Journey) -> None:
    """Change and withdraw what was said before; some hubs change hands in the middle of it."""
    journey.clocks.jump(day(journey, 13))
    given = own_hubs(journey, COLDWATER, answer=Answer.INSTRUCTED)
    half = plain_list(given[::2])
    upload(journey, COLDWATER, InstructionKind.INSTRUCT, half, "later.csv", activate_at=day(journey, 40))
    upload(journey, COLDWATER, InstructionKind.WITHDRAW, plain_list(given[1::10]), "withdrawn.csv")
    _agreements_that_lapse(journey)
    change_hands(journey, states=[TargetState.ELIGIBLE, TargetState.SCHEDULED, TargetState.DISTRIBUTED])
    pass_until(journey, journey.clocks.now + 4 * _DAY, rate=_BRISK)


def _agreements_that_lapse(journey: Journey) -> None:
    """Let a Supplier move the time its second Supplier has agreed with, who agrees again for half."""
    waiting = Target.objects.filter(
        rollout_id=journey.rollout_id,
        state__in=[TargetState.ELIGIBLE, TargetState.SCHEDULED],
    ).exclude(import_supplier_id=F("gas_supplier_id"))
    names = suppliers()
    hubs_of: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for target in waiting.order_by("guid"):
        if target.import_supplier_id is not None and target.gas_supplier_id is not None:
            hubs_of[names[target.import_supplier_id], names[target.gas_supplier_id]].append(target.guid)
    (first, second), hubs = max(hubs_of.items(), key=lambda item: len(item[1]))
    instruct, agree = InstructionKind.INSTRUCT, InstructionKind.AGREE
    upload(journey, first, instruct, plain_list(hubs), "asks.csv", activate_at=day(journey, 36))
    upload(journey, second, agree, plain_list(hubs), "agrees.csv")
    upload(journey, first, instruct, plain_list(hubs), "moves.csv", activate_at=day(journey, 39))
    upload(journey, second, agree, plain_list(hubs[::2]), "again.csv")


def instructed_times(journey: Journey) -> None:
    """Let the times come that Suppliers have asked for; what was sent can no longer be changed."""
    journey.clocks.jump(day(journey, 28, hour=12))
    pass_until(journey, journey.clocks.now + 1 * _DAY, rate=_BRISK)
    sent = own_hubs(journey, AMBERGATE, states=[TargetState.ACTIVATING])[:_SOME]
    _instruct_with_one_more(journey, sent, "too-late.csv", activate_at=day(journey, 45))
    change_hands(journey, states=[TargetState.ACTIVATING])
    settle(journey.clocks, journey.simulator)  # their activations are recalled while there is time
    pass_until(journey, day(journey, 41), rate=_FAST)


def silence(journey: Journey) -> None:
    """Let those who fell silent be read and read again; upgraded hubs change hands, and are named again."""
    pass_until(journey, day(journey, 47), rate=_FAST)
    change_hands(journey, states=[TargetState.ACTIVATED])
    done = own_hubs(journey, AMBERGATE, states=[TargetState.ACTIVATED])[:_SOME]
    _instruct_with_one_more(journey, done, "again.csv", activate_at=day(journey, 50))


def cut_off(journey: Journey) -> None:
    """Let the cut-off pass: nobody can instruct any more, and single instructions stand."""
    cutoff_at = journey.rollout.cutoff_at
    journey.clocks.jump(cutoff_at + timedelta(minutes=1))
    late = plain_list(own_hubs(journey, FOXGLOVE)[:_SOME])
    upload(journey, FOXGLOVE, InstructionKind.INSTRUCT, late, "after.csv", activate_at=cutoff_at + 10 * _DAY)
    wait_for(journey, lambda: journey.rollout.window_closed_at is not None, rate=60)
    pass_until(journey, cutoff_at + 4 * _DAY, rate=_FAST)


def automatic_time(journey: Journey) -> None:
    """Let images go out ahead of DCC's automatic time, and everything activate at it."""
    automatic_at = journey.rollout.automatic_at
    journey.clocks.jump(automatic_at - 8 * _DAY)
    pass_until(journey, automatic_at - 2.5 * _DAY, rate=_FAST)
    pass_until(journey, automatic_at - 0.5 * _DAY, rate=_FAST)
    pass_until(journey, automatic_at + 1.5 * _DAY, rate=_BRISK)


def completion(journey: Journey) -> None:
    """Try again, read, give up what is out of reach, until every hub has come to an end."""
    until = journey.rollout.unreachable_until or journey.rollout.automatic_at
    pass_until(journey, until + _DAY, rate=_FAST)
    wait_for(journey, lambda: _are_complete(journey), rate=_FAST)
    wait_for(journey, lambda: bool(journey.simulator.truth()["quiet"]), rate=_BRISK)


def _are_complete(journey: Journey) -> bool:
    under_way = Rollout.objects.filter(pk__in=journey.rollout_ids).exclude(status=RolloutStatus.COMPLETE)
    return not under_way.exists()


def _instruct_with_one_more(
    journey: Journey, hubs: Sequence[int], file_name: str, *, activate_at: datetime
) -> None:
    """Name hubs that can no longer be changed, and one that can, as the page sends no vain list."""
    changeable = own_hubs(journey, AMBERGATE, answer=Answer.NONE, states=[TargetState.ELIGIBLE])[:1]
    upload(
        journey,
        AMBERGATE,
        InstructionKind.INSTRUCT,
        plain_list([*hubs, *changeable]),
        file_name,
        activate_at=activate_at,
    )


STAGES: Final[Sequence[Stage]] = (
    notice,
    beside.quiet_notices,
    nominations,
    beside.nobody_nominates,
    pilot,
    beside.pilots_beside,
    instructions,
    second_thoughts,
    beside.gate,
    beside.outside,
    instructed_times,
    silence,
    readings,
    cut_off,
    automatic_time,
    completion,
)
BRIEF: Final[Sequence[Stage]] = (notice, nominations, pilot, automatic_time, completion)
"""A rollout to its end without a word of its Suppliers after the pilot."""
