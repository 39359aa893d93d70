"""An agreement is to the time that stood when it was given; it lapses with it (R3.4, R3.9, R3.11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from rollouts import rules, services
from rollouts.models import Command, HubInFlight, Target
from rollouts.queries.instructions.choices import HubChoice, own_guids
from rollouts.states import (
    Answer,
    CommandKind,
    CommandStatus,
    Consent,
    TargetState,
)
from tests.integration.instructing import AGREE, DECLINE, INSTRUCT, SPLIT_IMPORT, WITHDRAW, give

pytestmark = pytest.mark.django_db


def opened_again(party) -> list[tuple[int, str]]:
    entries = FeedOutbox.objects.filter(kind=EntryKind.HUB_CONSENT, party_id=party.pk).order_by("id")
    return [(entry.guid, entry.data["consent"]) for entry in entries]


def voided(party) -> list[dict]:
    kind = EntryKind.INSTRUCTION_VOIDED
    return [entry.data for entry in FeedOutbox.objects.filter(kind=kind, party_id=party.pk).order_by("id")]


@pytest.mark.parametrize("number", [0, SPLIT_IMPORT, 16])
def test_the_place_of_an_answer_names_its_instruction(world, rollout, now, number):
    """Of hubs with one Supplier, with two, and with a Gas Supplier alone."""
    scope = world.as_other if number == 16 else world.as_supplier

    receipt = give(scope, rollout, [world.guid(number)], now=now)

    hub = world.target_of(rollout, number)
    assert (hub.gas_instruction_id if number == 16 else hub.import_instruction_id) == receipt.id


@pytest.fixture
def agreed(world, rollout, now):
    """The Import Supplier has asked for a time, the Gas Supplier has agreed with it."""
    at, guid = now + timedelta(days=20), world.guid(SPLIT_IMPORT)
    give(world.as_supplier, rollout, [guid], now=now, at=at)
    give(world.as_other, rollout, [guid], now=now, kind=AGREE)
    hub = world.target_of(rollout, SPLIT_IMPORT)
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


@pytest.mark.requirement("R3.4", "R3.9")
@pytest.mark.parametrize("kind", [INSTRUCT, WITHDRAW, DECLINE])
def test_a_changed_answer_asks_the_agreeing_supplier_again(world, agreed, now, kind):
    guid, new = world.guid(SPLIT_IMPORT), now + timedelta(days=40)

    give(world.as_supplier, agreed, [guid], now=now, kind=kind, at=new if kind == INSTRUCT else None)

    hub = world.target_of(agreed, SPLIT_IMPORT)
    assert (hub.gas_answer, hub.gas_time) == (Answer.NONE, None)
    assert hub.consent == (Consent.AWAITING_SECOND if kind == INSTRUCT else Consent.AWAITING_BOTH)
    assert hub.state == TargetState.ELIGIBLE
    assert guid in waiting(world.as_other, agreed)
    assert voided(world.other) == [{"reason": "AGREEMENT_LAPSED", "hubs": 1}]
    assert voided(world.supplier) == []
    entry = FeedOutbox.objects.get(kind=EntryKind.SECOND_SUPPLIER_ANSWERED, party_id=world.other.pk)
    assert entry.data["activate_at"] == (new.isoformat() if kind == INSTRUCT else None)
    awaited = "AWAITING_SECOND" if kind == INSTRUCT else "AWAITING_BOTH"
    assert opened_again(world.other) == opened_again(world.supplier) == [(guid, awaited)]


@pytest.mark.requirement("R3.4")
def test_the_next_instruction_does_not_complete_on_an_agreement_that_has_lapsed(world, agreed, now):
    guid, first = world.guid(SPLIT_IMPORT), world.target_of(agreed, SPLIT_IMPORT).effective_at

    give(world.as_supplier, agreed, [guid], now=now, kind=WITHDRAW)
    give(world.as_supplier, agreed, [guid], now=now, at=first)

    assert world.target_of(agreed, SPLIT_IMPORT).consent == Consent.AWAITING_SECOND
    give(world.as_other, agreed, [guid], now=now, kind=AGREE)
    assert world.target_of(agreed, SPLIT_IMPORT).consent == Consent.COMPLETE


@pytest.mark.requirement("R3.4")
def test_the_same_time_again_leaves_an_agreement_as_it_is(world, agreed, now):
    hub = world.target_of(agreed, SPLIT_IMPORT)

    give(world.as_supplier, agreed, [hub.guid], now=now, at=hub.effective_at)

    assert world.target_of(agreed, SPLIT_IMPORT).consent == Consent.COMPLETE
    assert voided(world.other) == []


@pytest.mark.requirement("R3.4", "R3.11")
def test_an_agreement_lapses_when_the_supplier_it_agreed_with_leaves(world, agreed, now):
    guid = world.guid(SPLIT_IMPORT)

    services.change_suppliers(
        world.operator, changes=[(guid, world.third.pk, world.other.pk)], effective_at=now, now=now
    )
    hub = world.target_of(agreed, SPLIT_IMPORT)
    given = (hub.gas_answer, hub.gas_time, hub.consent)
    later = now + timedelta(minutes=1)
    give(world.as_third, agreed, [guid], now=later, at=now + timedelta(days=20))

    assert given == (Answer.NONE, None, Consent.AWAITING_BOTH)
    assert opened_again(world.other) == opened_again(world.third) == [(guid, "AWAITING_BOTH")]
    assert opened_again(world.supplier) == []
    assert world.target_of(agreed, SPLIT_IMPORT).consent == Consent.AWAITING_SECOND
    assert voided(world.other) == [{"reason": "AGREEMENT_LAPSED", "hubs": 1}]
    assert guid in waiting(world.as_other, agreed)


@pytest.mark.requirement("R3.4")
def test_an_agreement_with_a_named_time_is_refused_once_that_has_moved(world, rollout, now):
    guid, seen, moved = world.guid(SPLIT_IMPORT), now + timedelta(days=20), now + timedelta(days=40)
    give(world.as_supplier, rollout, [guid], now=now, at=moved)

    late = give(world.as_other, rollout, [guid], now=now, kind=AGREE, at=seen)
    right = give(world.as_other, rollout, [guid], now=now, kind=AGREE, at=moved)

    assert dict(late.tally.rejected_by_reason) == {"AGREED_TIME_CHANGED": 1}
    assert (right.accepted, world.target_of(rollout, SPLIT_IMPORT).consent) == (1, Consent.COMPLETE)


@pytest.mark.requirement("R3.9")
def test_an_instruction_is_withdrawn_but_not_changed_after_the_cut_off(world, rollout, now):
    guid, late = world.guid(0), rollout.cutoff_at + timedelta(days=1)
    give(world.as_supplier, rollout, [guid], now=now, at=rollout.cutoff_at + timedelta(days=9))
    services.close_window(rollout_id=rollout.pk, now=late)

    with pytest.raises(rules.RuleBroken, match="Each hub keeps the time it has"):
        give(world.as_supplier, rollout, [guid], now=late, at=rollout.cutoff_at + timedelta(days=8))
    give(world.as_supplier, rollout, [guid], now=late, kind=WITHDRAW)

    hub = world.target_of(rollout, 0)
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
    first = world.target_of(rollout, 0)
    command.refresh_from_db()
    command_before = (command.status, command.guids, command.hub_count)
    give(world.as_supplier, rollout, guids[1:], now=now, kind=WITHDRAW)
    command.refresh_from_db()

    assert (first.state, first.consent, first.command_id, first.attempts) == (
        TargetState.ELIGIBLE,
        Consent.AWAITING,
        None,
        0,
    )
    assert command_before == (CommandStatus.CLAIMED, guids[1:], 1)
    assert (command.status, command.guids) == (CommandStatus.DROPPED, [])
    assert not HubInFlight.objects.filter(guid__in=guids).exists()


@pytest.mark.requirement("R3.9")
def test_an_image_that_has_left_stays_on_its_way_and_nothing_activates(world, rollout, now):
    guid = world.guid(0)
    give(world.as_supplier, rollout, [guid], now=now, at=now + timedelta(days=20))
    _distribute(world, rollout, [guid], now=now, left_at=now)

    give(world.as_supplier, rollout, [guid], now=now, kind=WITHDRAW)

    hub = world.target_of(rollout, 0)
    assert (hub.state, hub.consent) == (TargetState.DISTRIBUTING, Consent.AWAITING)
    assert opened_again(world.supplier) == [(guid, "AWAITING")]
