"""Reading a feed by stretches, forgetting its oldest months, and the words of its kinds."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from portal.events import feed, listening, naming, retention, sequencer, wakeups
from portal.events.journal import publish_entries
from portal.events.kinds import KINDS_BY_PUBLIC_NAME, PUBLIC_NAMES, EntryKind
from portal.kernel import sql
from portal.kernel.transactions import unit_of_work
from tests.factories import make_rollout, make_world


@pytest.fixture(autouse=True)
def _no_subscribers(settings):
    settings.EVENT_SUBSCRIBERS = []
    settings.FEED_FOLLOWERS = []


@unit_of_work
def publish(parties, *, at, kind=EntryKind.DIGEST, times=1):
    for number in range(times):
        publish_entries(kind, parties=parties, at=at, data={"n": number})


@pytest.fixture
def world(db):
    return make_world(hubs=0)


@pytest.mark.requirement("R6.3")
def test_a_filtered_reader_goes_on_from_where_it_has_looked_not_from_what_it_has_found(world, now):
    publish([world.supplier.pk], at=now, kind=EntryKind.RULE_RAN)
    publish([world.supplier.pk], at=now, times=5)
    sequencer.sequence_all()

    stretch = feed.slice_after(world.as_supplier, 0, kinds=[EntryKind.RULE_RAN])

    assert [entry.position for entry in stretch.entries] == [1]
    assert stretch.position == stretch.head == 6


@pytest.mark.requirement("R6.3")
def test_a_short_stretch_ends_at_its_last_entry(world, now):
    publish([world.supplier.pk], at=now, times=5)
    sequencer.sequence_all()

    stretch = feed.slice_after(world.as_supplier, 1, size=2)

    assert [entry.position for entry in stretch.entries] == [2, 3]
    assert (stretch.position, stretch.head) == (3, 5)


@pytest.mark.requirement("R6.3")
def test_a_cursor_from_another_feed_is_refused(world, now):
    with pytest.raises(feed.CursorAhead):
        feed.slice_after(world.as_supplier, 1)


@pytest.mark.requirement("R6.3")
def test_a_feed_that_is_read_from_a_moment_on_begins_before_its_first_entry(world, now):
    later = now.replace(day=20)
    publish([world.supplier.pk], at=now, times=2)
    publish([world.supplier.pk], at=later, times=2)
    sequencer.sequence_all()

    assert feed.position_before(world.as_supplier, later) == 2
    assert feed.position_before(world.as_supplier, now) == 0
    assert feed.position_before(world.as_supplier, later.replace(year=2031)) == 4


@pytest.mark.requirement("R6.3")
def test_old_months_are_forgotten_and_their_cursors_are_told_so(world, settings):
    settings.FEED_KEPT_MONTHS = 1
    old, new = datetime(2027, 1, 20, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC)
    retention.keep_feed(now=old)
    publish([world.supplier.pk], at=old, times=3)
    publish([world.other.pk], at=new)
    publish([world.supplier.pk], at=new, times=2)
    sequencer.sequence_all()

    forgotten = retention.keep_feed(now=new)

    assert "events_feed_entry_202701" in forgotten
    with pytest.raises(feed.CursorExpired) as refused:
        feed.slice_after(world.as_supplier, 1)
    assert refused.value.facts == {"oldest": 3, "head": 5}
    assert [e.position for e in feed.slice_after(world.as_supplier, None).entries] == [4, 5]
    assert [e.position for e in feed.slice_after(world.as_supplier, 3).entries] == [4, 5]
    assert [e.position for e in feed.slice_after(world.as_other, 0).entries] == [1]
    assert feed.gaps() == 0


def test_what_lies_outside_every_month_is_forgotten_too(world, settings):
    settings.FEED_KEPT_MONTHS = 1
    publish([world.supplier.pk], at=datetime(2035, 1, 20, tzinfo=UTC), times=2)
    sequencer.sequence_all()

    retention.keep_feed(now=datetime(2035, 6, 1, tzinfo=UTC))

    assert feed.bounds(world.as_supplier) == feed.Bounds(dropped_to=2, head=2)
    assert sql.rows("SELECT count(*) AS n FROM events_feed_entry")[0].n == 0


def test_every_kind_has_one_public_name():
    assert len(KINDS_BY_PUBLIC_NAME) == len(EntryKind) == len(PUBLIC_NAMES)
    assert all(name.count(".") == 1 and not name.endswith(".") for name in KINDS_BY_PUBLIC_NAME)
    assert EntryKind.RELEASE_NOTE_REVISED.public_name == "release_note.revised"
    assert EntryKind.HUB_ACTIVATED.public_name == "hub.activated"


def test_entries_are_named_and_a_name_is_asked_for_once(world, now, django_assert_num_queries):
    rollout = make_rollout(world, now=now)
    entry = feed.Entry(1, EntryKind.HUB_FAILED, now, rollout.pk, 1, world.target.pk, 20, None)
    naming.forget_names()

    with django_assert_num_queries(2):
        names = [naming.names_for([entry]) for _ in range(3)][-1]

    assert names.rollouts == {rollout.pk: "Toshiba 0C230000"}
    assert names.versions == {world.target.pk: "0C230000"}
    assert names.reasons[20] == "VERIFICATION_FAILED"
    naming.forget_names()


def test_a_waiter_is_woken_by_the_ring(settings, valkey_url):
    settings.REDIS_URL = valkey_url
    wakeups._client.cache_clear()

    def ring_until_heard():
        for _ in range(10):
            time.sleep(0.1)
            wakeups.wake_listeners({7: 5})

    thread = threading.Thread(target=ring_until_heard)
    thread.start()
    began = time.monotonic()
    listening.wait_for_entries(7, beyond=4, seconds=5)
    taken = time.monotonic() - began
    thread.join()
    wakeups._client.cache_clear()

    assert taken < 0.9


def test_a_waiter_looks_after_a_second_where_nothing_rings(settings):
    settings.REDIS_URL = ""
    began = time.monotonic()

    listening.wait_for_entries(7, beyond=4, seconds=5)

    assert 0.9 < time.monotonic() - began < 2


def test_a_deaf_listener_is_only_slow(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    began = time.monotonic()

    listening.wait_for_entries(7, beyond=4, seconds=0.2)

    assert time.monotonic() - began < 2
