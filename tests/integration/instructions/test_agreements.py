"""An agreement is to the time that stood when it was given; it lapses with it (R3.4, R3.9, R3.11)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from random import Random

import numpy as np
import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel import sql
from rollouts import rules, services
from rollouts.models import Command, HubInFlight, Target
from rollouts.queries.instructions.choices import HubChoice, own_guids
from rollouts.rules import NO_ANSWER, SupplierAnswer
from rollouts.services import HubList
from rollouts.states import (
    Answer,
    CommandKind,
    CommandStatus,
    Consent,
    ConsentPolicy,
    InstructionKind,
    TargetState,
)
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db

INSTRUCT, AGREE, DECLINE, WITHDRAW = (
    InstructionKind(k) for k in ("INSTRUCT", "AGREE", "DECLINE", "WITHDRAW")
)
SPLIT = 9


def give(scope, rollout, guids, *, now, kind=INSTRUCT, at=None):
    return services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=kind,
        source=HubList.from_stored(np.array(sorted(guids), dtype=np.int64)),
        activate_at=at,
        received_at=now,
        now=now,
    )


def target(world, rollout, number=SPLIT) -> Target:
    return Target.objects.get(rollout_id=rollout.pk, guid=world.guid(number))


def voided(party) -> list[dict]:
    kind = EntryKind.INSTRUCTION_VOIDED
    return [entry.data for entry in FeedOutbox.objects.filter(kind=kind, party_id=party.pk).order_by("id")]


# Every order of events


@dataclass(slots=True)
class ModelHub:
    """A hub as the text of the requirements has it: whose it is, and what they have said."""

    script: tuple[str, ...]
    parties: list[int]
    wishes: list[SupplierAnswer] = field(default_factory=lambda: [NO_ANSWER, NO_ANSWER])
    answered_at: datetime | None = None

    def say(self, seat: int, kind: InstructionKind, at: datetime | None, *, now: datetime) -> None:
        if self.parties[0] == self.parties[1]:
            seat = 0
        mine, second = self.wishes[seat], self.wishes[1 - seat]
        is_split = self.parties[0] != self.parties[1]
        if kind == WITHDRAW and mine.answer == Answer.NONE:
            return
        if kind == AGREE and not (is_split and second.is_instructed):
            return
        self.wishes[seat] = {
            INSTRUCT: SupplierAnswer(Answer.INSTRUCTED, at),
            AGREE: SupplierAnswer(Answer.AGREED, second.at),
            DECLINE: SupplierAnswer(Answer.DECLINED),
            WITHDRAW: NO_ANSWER,
        }[kind]
        self.answered_at = max(self.answered_at or now, now)
        self.drop_lapsed()

    def change_hands(self, import_id: int, gas_id: int) -> None:
        given = {self.parties[1]: self.wishes[1], self.parties[0]: self.wishes[0]}
        self.parties = [import_id, gas_id]
        self.wishes = [given.get(import_id, NO_ANSWER), given.get(gas_id, NO_ANSWER)]
        if import_id == gas_id:
            self.wishes[1] = NO_ANSWER
        self.drop_lapsed()
        if self.wishes == [NO_ANSWER, NO_ANSWER]:
            self.answered_at = None

    def drop_lapsed(self) -> None:
        for seat in (0, 1):
            mine, second = self.wishes[seat], self.wishes[1 - seat]
            if mine.answer == Answer.AGREED and second != SupplierAnswer(Answer.INSTRUCTED, mine.at):
                self.wishes[seat] = NO_ANSWER

    def new_hands(self, event: str, everybody: list[int]) -> tuple[int, int]:
        imports, gas = self.parties
        match event:
            case "import leaves":
                return next(party for party in everybody if party not in self.parties), gas
            case "gas leaves":
                return imports, next(party for party in everybody if party not in self.parties)
            case "swap":
                return gas, imports
            case _:
                return imports, imports


ANSWERS = [
    *[(seat, INSTRUCT, which) for seat in (0, 1) for which in ("early", "late", "blank")],
    *[(seat, kind, "blank") for seat in (0, 1) for kind in (AGREE, DECLINE, WITHDRAW)],
]
WORDS = {f"{seat} {kind} {which}": (seat, kind, which) for seat, kind, which in ANSWERS}
HANDS = ["import leaves", "gas leaves", "swap", "merge"]
EVENTS = [*WORDS, *HANDS]
AFTER_CUTOFF = [*HANDS, f"0 {WITHDRAW} blank", f"1 {WITHDRAW} blank"]


def scripts() -> list[tuple[str, ...]]:
    """Every order of three events from an instruction on, and a sample of longer ones; the same each time."""
    random = Random(9)
    every = list(product(["0 INSTRUCT early", "0 INSTRUCT blank"], EVENTS, EVENTS, ["", *AFTER_CUTOFF]))
    longer = [(*random.choices(EVENTS, k=7), random.choice(AFTER_CUTOFF)) for _ in range(1_500)]
    return [(*script[:-1], *[""] * (8 - len(script)), script[-1]) for script in [*every, *longer]]


@pytest.mark.requirement("R3.4", "R3.9", "R3.11")
@pytest.mark.parametrize("policy", ConsentPolicy.values)
def test_python_and_sql_agree_after_every_order_of_answers_and_changes(world, now, policy):
    rollout = make_rollout(world, now=now, policy=policy)
    everybody = [world.supplier.pk, world.other.pk, world.third.pk]
    scopes = dict(zip(everybody, [world.as_supplier, world.as_other, world.as_third], strict=True))
    hubs = _many_targets(world, rollout, everybody)
    times = {"early": now + timedelta(days=20), "late": rollout.cutoff_at + timedelta(days=5), "blank": None}
    late = rollout.cutoff_at + timedelta(days=1)

    for step in range(7):
        _play(world.operator, rollout, hubs, scopes, times, step=step, now=now + timedelta(minutes=step))
        _compare(rollout, hubs, now=now + timedelta(minutes=step))
    services.close_window(rollout_id=rollout.pk, now=late)
    _play(world.operator, rollout, hubs, scopes, times, step=7, now=late)

    _compare(rollout, hubs, now=late)


def _many_targets(world, rollout, everybody) -> dict[int, ModelHub]:
    hubs = {2**40 + n: ModelHub(script, everybody[:2]) for n, script in enumerate(scripts())}
    pattern = target(world, rollout)
    sql.rows(
        """
        INSERT INTO rollouts_target (guid, rollout_id, batch_id, import_supplier_id, gas_supplier_id, region,
                                     from_cpl_entry_id, effective_at, state_at, consent, state, import_answer,
                                     gas_answer, code, attempts, activated_after_halt)
        SELECT unnest(%(guids)s::bigint[]), rollout_id, batch_id, %(imports)s, %(gas)s, region, from_cpl_entry_id,
               effective_at, state_at, consent, state, 0, 0, 0, 0, false
          FROM rollouts_target WHERE rollout_id = %(rollout)s AND guid = %(guid)s
        RETURNING 1
        """,
        {
            "guids": list(hubs),
            "imports": everybody[0],
            "gas": everybody[1],
            "rollout": rollout.pk,
            "guid": pattern.guid,
        },
    )
    return hubs


def _play(operator, rollout, hubs, scopes, times, *, step, now) -> None:
    by_answer: defaultdict[tuple, list[int]] = defaultdict(list)
    moves = []
    for guid, hub in hubs.items():
        event = hub.script[step]
        if event in WORDS:
            seat, kind, which = WORDS[event]
            by_answer[(hub.parties[seat], kind, which)].append(guid)
            hub.say(seat, kind, times[which], now=now)
        elif event:
            hands = hub.new_hands(event, list(scopes))
            moves.append((guid, *hands))
            hub.change_hands(*hands)
    for (party, kind, which), guids in by_answer.items():
        give(scopes[party], rollout, guids, now=now, kind=kind, at=times[which])
    if moves:
        services.change_suppliers(operator, changes=moves, effective_at=now, now=now)


def _compare(rollout, hubs, *, now) -> None:
    terms = rules.ConsentTerms(ConsentPolicy(rollout.consent_policy), rollout.automatic_at, rollout.cutoff_at)
    wrong = []
    for row in Target.objects.filter(rollout_id=rollout.pk, guid__in=list(hubs)):
        hub = hubs[row.guid]
        settled = rules.resolve(
            terms,
            import_party=hub.parties[0],
            gas_party=hub.parties[1],
            import_wish=hub.wishes[0],
            gas_wish=hub.wishes[1],
            answered_at=hub.answered_at,
            now=now,
        )
        stored = [
            SupplierAnswer(Answer(row.import_answer), row.import_time),
            SupplierAnswer(Answer(row.gas_answer), row.gas_time),
        ]
        state = TargetState.SCHEDULED if settled.is_final else TargetState.ELIGIBLE
        if (stored, row.consent, row.effective_at, row.state) != (
            hub.wishes,
            settled.consent,
            settled.effective_at,
            state,
        ):
            wrong.append((hub, stored, Consent(row.consent), row.effective_at, row.state, settled))
    assert wrong[:3] == []


# One hub


@pytest.mark.parametrize("number", [0, SPLIT, 16])
def test_the_place_of_an_answer_names_its_instruction(world, rollout, now, number):
    """Of hubs with one Supplier, with two, and with a Gas Supplier alone."""
    scope = world.as_other if number == 16 else world.as_supplier

    receipt = give(scope, rollout, [world.guid(number)], now=now)

    hub = target(world, rollout, number)
    assert (hub.gas_instruction_id if number == 16 else hub.import_instruction_id) == receipt.id


@pytest.fixture
def agreed(world, rollout, now):
    """The Import Supplier has asked for a time, the Gas Supplier has agreed with it."""
    at, guid = now + timedelta(days=20), world.guid(SPLIT)
    give(world.as_supplier, rollout, [guid], now=now, at=at)
    give(world.as_other, rollout, [guid], now=now, kind=AGREE)
    hub = target(world, rollout)
    assert (hub.consent, hub.effective_at, hub.gas_answer, hub.gas_time) == (
        Consent.COMPLETE,
        at,
        Answer.AGREED,
        at,
    )
    FeedOutbox.objects.all().delete()
    return rollout


def waiting(scope, rollout) -> set[int]:
    return set(own_guids(scope, rollout_id=rollout.pk, which=HubChoice.WAITING).tolist())


@pytest.mark.requirement("R3.4", "R3.9", "R4.5")
@pytest.mark.parametrize("kind", [INSTRUCT, WITHDRAW, DECLINE])
def test_a_changed_answer_asks_the_agreeing_supplier_again(world, agreed, now, kind):
    guid, new = world.guid(SPLIT), now + timedelta(days=40)

    give(world.as_supplier, agreed, [guid], now=now, kind=kind, at=new if kind == INSTRUCT else None)

    hub = target(world, agreed)
    assert (hub.gas_answer, hub.gas_time) == (Answer.NONE, None)
    assert hub.consent == (Consent.AWAITING_SECOND if kind == INSTRUCT else Consent.AWAITING_BOTH)
    assert hub.state == TargetState.ELIGIBLE
    assert guid in waiting(world.as_other, agreed)
    assert voided(world.other) == [{"reason": "AGREEMENT_LAPSED", "hubs": 1}]
    assert voided(world.supplier) == []
    told = FeedOutbox.objects.get(kind=EntryKind.SECOND_SUPPLIER_ANSWERED, party_id=world.other.pk)
    assert told.data["activate_at"] == (new.isoformat() if kind == INSTRUCT else None)


@pytest.mark.requirement("R3.4", "R3.9")
def test_the_next_instruction_does_not_complete_on_an_agreement_that_has_lapsed(world, agreed, now):
    guid, first = world.guid(SPLIT), target(world, agreed).effective_at

    give(world.as_supplier, agreed, [guid], now=now, kind=WITHDRAW)
    give(world.as_supplier, agreed, [guid], now=now, at=first)

    assert target(world, agreed).consent == Consent.AWAITING_SECOND
    give(world.as_other, agreed, [guid], now=now, kind=AGREE)
    assert target(world, agreed).consent == Consent.COMPLETE


@pytest.mark.requirement("R3.4", "R3.9")
def test_the_same_time_again_leaves_an_agreement_as_it_is(world, agreed, now):
    hub = target(world, agreed)

    give(world.as_supplier, agreed, [hub.guid], now=now, at=hub.effective_at)

    assert target(world, agreed).consent == Consent.COMPLETE
    assert voided(world.other) == []


@pytest.mark.requirement("R3.4", "R3.11")
def test_an_agreement_lapses_when_the_supplier_it_agreed_with_leaves(world, agreed, now):
    guid = world.guid(SPLIT)

    services.change_suppliers(
        world.operator, changes=[(guid, world.third.pk, world.other.pk)], effective_at=now, now=now
    )
    hub = target(world, agreed)
    given = (hub.gas_answer, hub.gas_time, hub.consent)
    give(world.as_third, agreed, [guid], now=now, at=now + timedelta(days=20))

    assert given == (Answer.NONE, None, Consent.AWAITING_BOTH)
    assert target(world, agreed).consent == Consent.AWAITING_SECOND
    assert voided(world.other) == [{"reason": "AGREEMENT_LAPSED", "hubs": 1}]
    assert guid in waiting(world.as_other, agreed)


@pytest.mark.requirement("R3.4")
def test_an_agreement_with_a_named_time_is_refused_once_that_has_moved(world, rollout, now):
    guid, seen, moved = world.guid(SPLIT), now + timedelta(days=20), now + timedelta(days=40)
    give(world.as_supplier, rollout, [guid], now=now, at=moved)

    late = give(world.as_other, rollout, [guid], now=now, kind=AGREE, at=seen)
    right = give(world.as_other, rollout, [guid], now=now, kind=AGREE, at=moved)

    assert dict(late.tally.rejected_by_reason) == {"AGREED_TIME_CHANGED": 1}
    assert (right.accepted, target(world, rollout).consent) == (1, Consent.COMPLETE)


@pytest.mark.requirement("R3.9")
def test_an_instruction_is_withdrawn_but_not_changed_after_the_cut_off(world, rollout, now):
    guid, late = world.guid(0), rollout.cutoff_at + timedelta(days=1)
    give(world.as_supplier, rollout, [guid], now=now, at=rollout.cutoff_at + timedelta(days=9))
    services.close_window(rollout_id=rollout.pk, now=late)

    with pytest.raises(rules.RuleBroken, match="Each hub keeps the time it has"):
        give(world.as_supplier, rollout, [guid], now=late, at=rollout.cutoff_at + timedelta(days=8))
    give(world.as_supplier, rollout, [guid], now=late, kind=WITHDRAW)

    hub = target(world, rollout, 0)
    assert (hub.consent, hub.effective_at) == (Consent.DEFAULTED, rollout.automatic_at)
    assert hub.state == TargetState.SCHEDULED


@pytest.mark.requirement("R3.9")
def test_nothing_is_withdrawn_once_the_activation_has_been_sent(world, rollout, now):
    guid = world.guid(0)
    give(world.as_supplier, rollout, [guid], now=now, at=now + timedelta(days=20))
    for state in (TargetState.DISTRIBUTING, TargetState.DISTRIBUTED, TargetState.ACTIVATING):
        Target.objects.filter(rollout_id=rollout.pk, guid=guid).update(state=state)

    sent = give(world.as_supplier, rollout, [guid], now=now, kind=WITHDRAW)

    assert dict(sent.tally.rejected_by_reason) == {"ALREADY_SENT": 1}


def _distribute(world, rollout, guids, *, now, left_at=None) -> Command:
    command = Command.objects.create(
        rollout_id=rollout.pk,
        kind=CommandKind.DISTRIBUTE,
        status=CommandStatus.CLAIMED,
        region=2,
        guids=guids,
        hub_count=len(guids),
        due_at=now,
        created_at=now,
        claimed_at=now,
        left_at=left_at,
    )
    HubInFlight.objects.bulk_create(HubInFlight(guid=guid, rollout_id=rollout.pk) for guid in guids)
    Target.objects.filter(rollout_id=rollout.pk, guid__in=guids).update(
        state=TargetState.DISTRIBUTING, command_id=command.pk, attempts=1
    )
    return command


@pytest.mark.requirement("R3.9")
def test_a_hub_whose_command_has_not_left_goes_back_when_its_instruction_is_withdrawn(world, rollout, now):
    guids = [world.guid(0), world.guid(1)]
    give(world.as_supplier, rollout, guids, now=now, at=now + timedelta(days=20))
    command = _distribute(world, rollout, guids, now=now)

    give(world.as_supplier, rollout, guids[:1], now=now, kind=WITHDRAW)
    first = target(world, rollout, 0)
    command.refresh_from_db()
    kept = (command.status, command.guids, command.hub_count)
    give(world.as_supplier, rollout, guids[1:], now=now, kind=WITHDRAW)
    command.refresh_from_db()

    assert (first.state, first.consent, first.command_id, first.attempts) == (
        TargetState.ELIGIBLE,
        Consent.AWAITING,
        None,
        0,
    )
    assert kept == (CommandStatus.CLAIMED, guids[1:], 1)
    assert (command.status, command.guids) == (CommandStatus.DROPPED, [])
    assert not HubInFlight.objects.filter(guid__in=guids).exists()


@pytest.mark.requirement("R3.9")
def test_an_image_that_has_left_stays_on_its_way_and_nothing_activates(world, rollout, now):
    guid = world.guid(0)
    give(world.as_supplier, rollout, [guid], now=now, at=now + timedelta(days=20))
    _distribute(world, rollout, [guid], now=now, left_at=now)

    give(world.as_supplier, rollout, [guid], now=now, kind=WITHDRAW)

    hub = target(world, rollout, 0)
    assert (hub.state, hub.consent) == (TargetState.DISTRIBUTING, Consent.AWAITING)
