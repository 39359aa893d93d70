"""What a person mutes is neither mailed to them nor counted; what is urgent reaches them all the same."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail

from notifications import queries, services
from portal.events import sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.events.topics import MUTABLE_KINDS, TOPICS, URGENT_KINDS
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput
from portal.kernel.transactions import unit_of_work
from tests.factories import UserFactory, make_rollout, make_world
from tests.web.forms import fields_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R6.7")]
FORM = ".decide decide--wide stack"
PATH = "/notifications/preferences/"


@unit_of_work
def tell(world, kind, *, at, rollout_id=None):
    publish_entries(kind, parties=[world.supplier.pk], rollout_id=rollout_id, at=at, data={"name": "Toshiba"})


def publish_notices(world, *kinds, at, rollout_id=None):
    for kind in kinds:
        tell(world, kind, at=at, rollout_id=rollout_id)
    sequencer.sequence_all()


def mails(now):
    services.deliver_mail(now=now + timedelta(minutes=3))
    return [letter.subject for letter in mail.outbox]


def test_each_kind_of_event_is_explained_once():
    explained = Counter(words.kind for topic in TOPICS for words in topic.kinds)

    assert explained == Counter(EntryKind)
    assert all(words.title and words.text.endswith(".") for topic in TOPICS for words in topic.kinds)
    assert not MUTABLE_KINDS & URGENT_KINDS


def test_a_muted_kind_is_listed_and_neither_mailed_nor_counted(now):
    world = make_world(hubs=0)
    services.enrol_readers()
    services.prefer(world.as_supplier, muted_kinds=[EntryKind.PILOT_PROGRESS], now=now)

    publish_notices(world, EntryKind.PILOT_PROGRESS, at=now)

    assert mails(now) == []
    assert queries.unread(world.as_supplier) == 0
    (notice,) = queries.inbox(world.as_supplier).items
    assert not notice.is_unread


def test_a_muted_rollout_is_silent_but_for_what_is_urgent(now):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)
    services.enrol_readers()
    publish_notices(world, EntryKind.PILOT_STARTED, at=now, rollout_id=rollout.pk)
    services.mute_rollout(world.as_supplier, rollout_id=rollout.pk, is_muted=True, now=now)
    assert queries.unread(world.as_supplier) == 0

    publish_notices(world, EntryKind.PILOT_ENDED, EntryKind.ROLLOUT_SUSPENDED, at=now, rollout_id=rollout.pk)

    assert queries.unread(world.as_supplier) == 1
    (subject,) = mails(now)
    assert subject.startswith("Suspended")


def test_a_colleague_is_told_all_the_same(now):
    world = make_world(hubs=0)
    colleague = Scope.of(UserFactory(organisation=world.supplier, roles=world.supplier_user.roles))
    services.enrol_readers()
    services.prefer(world.as_supplier, muted_kinds=[EntryKind.PILOT_PROGRESS], now=now)

    publish_notices(world, EntryKind.PILOT_PROGRESS, at=now)

    assert (queries.unread(world.as_supplier), queries.unread(colleague)) == (0, 1)


def test_what_was_missed_is_not_mailed_when_it_is_heard_again(now):
    world = make_world(hubs=0)
    services.enrol_readers()
    services.prefer(world.as_supplier, muted_kinds=[EntryKind.PILOT_PROGRESS], now=now)
    publish_notices(world, EntryKind.PILOT_PROGRESS, at=now)

    services.prefer(world.as_supplier, muted_kinds=[], now=now)

    assert mails(now) == []


def test_an_urgent_kind_cannot_be_muted_and_neither_can_a_stranger_s_rollout(now):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)

    with pytest.raises(BadInput, match="cannot be muted"):
        services.prefer(world.as_supplier, muted_kinds=[EntryKind.ROLLOUT_SUSPENDED], now=now)
    with pytest.raises(BadInput, match="no notice"):
        services.mute_rollout(world.as_supplier, rollout_id=rollout.pk, is_muted=True, now=now)

    assert queries.rollouts_heard_of(world.as_supplier) == {}


def test_kinds_and_rollouts_are_muted_on_the_page(client, now):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)
    publish_notices(world, EntryKind.PILOT_STARTED, at=now, rollout_id=rollout.pk)
    client.force_login(world.supplier_user)
    page = client.get(PATH)

    saved = client.post(
        PATH,
        {**fields_in(page, FORM), "muted_kinds": ["113", "150"], "muted_rollouts": [rollout.pk]},
        follow=True,
    )
    refused = client.post(PATH, {**fields_in(saved, FORM), "muted_kinds": ["140"]})

    chosen = queries.preferences(world.as_supplier)
    assert (chosen.muted_kinds, chosen.muted_rollouts) == ([113, 150], [rollout.pk])
    assert "Your notice preferences are saved." in saved.content.decode()
    assert refused.status_code == 422
    assert "Always sent:" in page.content.decode()


def test_a_rollout_is_muted_and_heard_again_from_the_list_of_notices(client, now):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)
    publish_notices(world, EntryKind.PILOT_STARTED, at=now, rollout_id=rollout.pk)
    client.force_login(world.supplier_user)

    muted = client.post("/notifications/mute/", {"rollout": rollout.pk, "mute": "yes"}, follow=True)
    assert queries.preferences(world.as_supplier).muted_rollouts == [rollout.pk]
    client.post("/notifications/mute/", {"rollout": rollout.pk, "mute": "no"})

    assert "Unmute" in muted.content.decode()
    assert queries.preferences(world.as_supplier).muted_rollouts == []
    assert client.post("/notifications/mute/", {"rollout": "x"}).status_code == 302
