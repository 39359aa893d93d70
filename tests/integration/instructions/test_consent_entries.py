"""What becomes of each hub is in the feeds of its Suppliers, hub by hub: also what is taken back, lapses or defaults."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.models import Message
from portal.events import sequencer
from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from rollouts import services
from tests.integration.instructing import AGREE, INSTRUCT, SOLE, SPLIT_IMPORT, WITHDRAW, give

pytestmark = pytest.mark.django_db
SCHEDULED, CONSENT = EntryKind.HUB_SCHEDULED, EntryKind.HUB_CONSENT


def text(at) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def entries(party, world, number):
    """What a party was told of a hub: kind and facts."""
    own = FeedOutbox.objects.filter(party_id=party.pk, guid=world.guid(number)).order_by("id")
    return [(EntryKind(entry.kind), entry.data) for entry in own]


def test_what_is_withdrawn_is_awaited_again_and_dccs_time_holds_until_then(world, rollout, now):
    at = now + timedelta(days=30)
    given = give(world.as_supplier, rollout, [world.guid(SOLE)], now=now, at=at)
    back = give(world.as_supplier, rollout, [world.guid(SOLE)], now=now, kind=WITHDRAW)

    assert entries(world.supplier, world, SOLE) == [
        (SCHEDULED, {"effective_at": text(at), "consent": "COMPLETE", "instruction": given.reference}),
        (
            CONSENT,
            {
                "effective_at": text(rollout.automatic_at),
                "consent": "AWAITING",
                "instruction": back.reference,
            },
        ),
    ]


def test_both_suppliers_of_a_shared_hub_hear_what_is_settled_and_what_is_open_again_and_neither_of_the_others_instruction(
    world, rollout, now
):
    hubs, at, hour = [world.guid(SPLIT_IMPORT)], now + timedelta(days=30), timedelta(hours=1)
    give(world.as_supplier, rollout, hubs, now=now + hour, at=at)
    agreed = give(world.as_other, rollout, hubs, now=now + 2 * hour, kind=AGREE)
    give(world.as_supplier, rollout, hubs, now=now + 3 * hour, at=at + timedelta(days=1), kind=INSTRUCT)

    of_other = entries(world.other, world, SPLIT_IMPORT)

    assert [(kind, facts["consent"]) for kind, facts in of_other] == [
        (SCHEDULED, "COMPLETE"),
        (CONSENT, "AWAITING_SECOND"),  # what was agreed with has moved
    ]
    assert [facts.get("instruction") for _, facts in of_other] == [agreed.reference, None]
    assert [kind for kind, _ in entries(world.supplier, world, SPLIT_IMPORT)] == [SCHEDULED, CONSENT]


def test_a_hub_that_defaults_is_told_with_the_time_that_holds(world, rollout, now):
    services.close_window(rollout_id=rollout.pk, now=rollout.cutoff_at + timedelta(seconds=1))

    assert entries(world.supplier, world, SOLE) == [
        (SCHEDULED, {"effective_at": text(rollout.automatic_at), "consent": "DEFAULTED"})
    ]


@pytest.mark.requirement("R4.1")
def test_every_instruction_is_told_to_be_applied_and_people_read_it_once(world, rollout, now):
    given = give(world.as_supplier, rollout, [world.guid(SOLE)], now=now)

    coarse = list(FeedOutbox.objects.filter(party_id=world.supplier.pk, guid=None).order_by("id"))
    sequencer.sequence_all()

    assert [entry.kind for entry in coarse] == [EntryKind.INSTRUCTION_RECEIVED, EntryKind.INSTRUCTION_APPLIED]
    assert coarse[1].data["instruction"] == given.reference
    assert (coarse[1].data["accepted"], coarse[1].data["at_once"]) == (1, True)
    assert list(Message.objects.values_list("kind", flat=True)) == [EntryKind.INSTRUCTION_RECEIVED]
