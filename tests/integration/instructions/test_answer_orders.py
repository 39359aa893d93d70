"""Whatever two Suppliers answer and in which order, SQL and the rule in Python agree (R3.4, R3.9, R3.11)."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from random import Random

import pytest

from portal.kernel import sql
from rollouts import rules, services
from rollouts.models import Hub, Target
from rollouts.rules import NO_ANSWER, SupplierAnswer
from rollouts.states import (
    Answer,
    Consent,
    ConsentPolicy,
    InstructionKind,
    TargetState,
)
from tests.factories import make_rollout
from tests.integration.instructing import AGREE, DECLINE, INSTRUCT, SPLIT_IMPORT, WITHDRAW, give

pytestmark = pytest.mark.django_db


@dataclass(slots=True)
class ModelHub:
    """A hub as the text of the requirements has it: whose it is, and what they have said."""

    script: tuple[str, ...]
    parties: list[int | None]
    wishes: list[SupplierAnswer] = field(default_factory=lambda: [NO_ANSWER, NO_ANSWER])
    answered_at: datetime | None = None

    def say(self, seat: int, kind: InstructionKind, at: datetime | None, *, now: datetime) -> None:
        if self.parties[0] == self.parties[1]:
            seat = 0
        mine, second = self.wishes[seat], self.wishes[1 - seat]
        is_split = None not in self.parties
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

    def change_hands(self, import_id: int | None, gas_id: int | None) -> None:
        given = {self.parties[1]: self.wishes[1], self.parties[0]: self.wishes[0]}
        given.pop(None, None)
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

    def new_hands(self, event: str, everybody: list[int]) -> tuple[int | None, int | None]:
        imports, gas = self.parties
        match event:
            case "import leaves":
                return next(party for party in everybody if party not in self.parties), gas
            case "gas leaves":
                return imports, next(party for party in everybody if party not in self.parties)
            case "no import":
                return None, gas
            case "no gas":
                return imports, None
            case "swap":
                return gas, imports
            case _:
                return imports, imports


ANSWERS = [
    *[(seat, INSTRUCT, which) for seat in (0, 1) for which in ("early", "late", "blank")],
    *[(seat, kind, "blank") for seat in (0, 1) for kind in (AGREE, DECLINE, WITHDRAW)],
]
WORDS = {f"{seat} {kind} {which}": (seat, kind, which) for seat, kind, which in ANSWERS}
HANDS = ["import leaves", "gas leaves", "no import", "no gas", "swap", "merge"]
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


def _with_guid(hub: Hub, guid: int) -> Hub:
    copied = copy(hub)
    copied.guid = guid
    return copied


def _many_targets(world, rollout, everybody) -> dict[int, ModelHub]:
    hubs = {2**40 + n: ModelHub(script, everybody[:2]) for n, script in enumerate(scripts())}
    pattern = world.target_of(rollout, SPLIT_IMPORT)
    copied = Hub.objects.get(guid=pattern.guid)
    copied.gpf_guid = None
    copied.import_supplier_id, copied.gas_supplier_id = everybody[:2]
    Hub.objects.bulk_create([_with_guid(copied, guid) for guid in hubs])
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
            if hub.parties[seat] is None:
                continue
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
