"""The feed has no gaps whatever the order of commits, and the journal cannot be changed unseen."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from portal.events import feed, sequencer
from portal.events.journal import publish_entries, record
from portal.events.kinds import EntryKind
from portal.events.models import Event
from portal.kernel.transactions import NoUnitOfWork, unit_of_work
from tests.factories import make_world


@unit_of_work
def _publish(world, now, *, parties, wait_for=None, then=None):
    publish_entries(EntryKind.DIGEST, parties=parties, at=now, data={"n": 1})
    record("test.happened", subject="test:1", by=world.operator, at=now, facts={"b": 2, "a": 1})
    if then:
        then.set()
    if wait_for:
        wait_for.wait(10)


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("R6.3")
@pytest.mark.usefixtures("no_subscribers")
def test_an_entry_that_commits_late_is_read_after_the_cursor_not_lost(now):
    world = make_world(hubs=0)
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        _publish(world, now, parties=[world.supplier.pk], wait_for=go_on, then=written)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait(10)
    _publish(world, now, parties=[world.supplier.pk, world.other.pk])
    sequencer.sequence_all()
    first = feed.entries_after(world.as_supplier, 0)
    go_on.set()
    thread.join()
    sequencer.sequence_all()

    second = feed.entries_after(world.as_supplier, first[-1].position)

    assert [entry.position for entry in first + second] == [1, 2]
    assert feed.gaps() == 0
    assert feed.head(world.as_supplier) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_subscribers")
def test_a_party_reads_only_its_own_feed(now):
    world = make_world(hubs=0)
    _publish(world, now, parties=[world.supplier.pk])

    sequencer.sequence_all()

    assert feed.entries_after(world.as_other, 0) == []
    assert feed.head(world.as_other) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_subscribers")
def test_the_chain_shows_where_a_fact_was_changed(now):
    world = make_world(hubs=0)
    for _ in range(3):
        _publish(world, now, parties=[])
    sequencer.sequence_all()
    assert list(sequencer.broken_links()) == []

    Event.objects.filter(position=2).update(facts={"a": 1, "b": 3})

    assert list(sequencer.broken_links()) == [2]


@pytest.mark.django_db
def test_nothing_is_recorded_outside_a_use_case(now):
    with pytest.raises(NoUnitOfWork):
        publish_entries(EntryKind.DIGEST, parties=[1], at=now)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_subscribers")
def test_only_one_process_sequences_at_a_time(now):
    world = make_world(hubs=0)
    _publish(world, now, parties=[world.supplier.pk])
    held, go_on = threading.Event(), threading.Event()

    @unit_of_work
    def hold() -> None:
        from portal.kernel import locks

        locks.held_in_transaction(locks.LockClass.SEQUENCER, 0)
        held.set()
        go_on.wait(10)

    def run() -> None:
        hold()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    held.wait(10)
    assert sequencer.sequence_next() == 0
    go_on.set()
    thread.join()

    assert sequencer.sequence_next() == 2
