"""The inbox: notices under their rollout, read one by one or all at once, each person for themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications import queries, services
from notifications.models import Message, ReadMark
from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from tests.factories import UserFactory, make_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def notices(world, today):
    rollouts = [make_rollout(world, now=today), make_rollout(world, now=today)]
    return [
        Message.objects.create(
            organisation_id=world.supplier.pk,
            position=number,
            kind=EntryKind.PILOT_STARTED,
            rollout_id=rollouts[number % 2].pk,
            at=today - timedelta(minutes=9 - number),
            title=f"Pilot started {number}: {rollouts[number % 2].name}",
        )
        for number in range(4)
    ]


@pytest.mark.requirement("R6.7")
def test_a_notice_that_is_opened_is_read_and_the_others_are_not(world, seat, notices):
    client = seat("supplier")

    answer = client.get(f"/notifications/{notices[1].ident}/open/")

    assert answer["Location"] == f"/rollouts/{notices[1].rollout_id}/"
    page = queries.inbox(world.as_supplier)
    assert [notice.is_unread for notice in page.items] == [True, True, False, True]
    assert queries.unread(world.as_supplier) == 3
    client.get(f"/notifications/{notices[1].ident}/open/")
    assert ReadMark.objects.count() == 1


def test_each_person_reads_for_themselves(world, seat, notices):
    colleague = UserFactory(organisation=world.supplier, roles=["SUPPLIER_ANALYST"])
    seat("supplier").get(f"/notifications/{notices[1].ident}/open/")

    assert queries.unread(Scope.of(colleague)) == 4


def test_marking_all_as_read_forgets_the_single_marks(world, seat, notices):
    client = seat("supplier")
    client.get(f"/notifications/{notices[3].ident}/open/")

    client.post("/notifications/seen/", {"up_to": notices[3].ident})

    assert queries.unread(world.as_supplier) == 0
    assert not ReadMark.objects.exists()
    client.get(f"/notifications/{notices[3].ident}/open/")
    assert not ReadMark.objects.exists()


@pytest.mark.requirement("R3.3")
def test_a_notice_of_another_organisation_reads_like_none(seat, notices):
    for ident in (notices[0].ident, "0" * 13, "nonsense"):
        assert seat("other").get(f"/notifications/{ident}/open/").status_code == 404, ident
    assert not ReadMark.objects.exists()


def test_notices_stand_under_their_rollout_and_one_rollout_can_be_looked_at(world, seat, notices):
    client = seat("supplier")

    everything = client.get("/notifications/").content.decode()
    single = client.get(f"/notifications/?rollout={notices[0].rollout_id}").content.decode()

    assert everything.count('<div class="notices-head">') == 2
    assert everything.count("2 unread") == 2
    assert [f"Pilot started {number}" in single for number in range(4)] == [True, False, True, False]
    assert "Notices of all rollouts" in single
    assert client.get("/notifications/?rollout=nonsense").status_code == 200


@pytest.mark.requirement("R6.7")
def test_a_new_colleague_starts_with_nothing_unread(world, notices):
    colleague = UserFactory(organisation=world.supplier, roles=["SUPPLIER_ANALYST"])

    services.enrol_readers()

    assert queries.unread(Scope.of(colleague)) == 0
    assert len(queries.inbox(Scope.of(colleague)).items) == 4
