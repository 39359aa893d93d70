"""Ticks rest while there is nothing to do, and look again as soon as something has happened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from celery import Celery
from celery.beat import ScheduleEntry
from django.core.cache import cache

from portal.events import wakeups
from portal.kernel import clock, sql
from portal.kernel.transactions import unit_of_work
from portal.recurring.resting import TickTask, is_resting, wake_ticks
from portal.recurring.ringing import RingingScheduler, waiting

NAME = "tests.tick"
ENTRY = """
INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
SELECT number, now(), 1, NULL, NULL, 3, 0 FROM generate_series(1, 3) AS number
"""


@pytest.fixture(autouse=True)
def _all_awake():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def app(valkey_url):
    """Celery with a queue on a real broker."""
    app = Celery("tests", broker=valkey_url, set_as_current=False)
    app.conf.task_default_queue = "of-this-test"
    yield app
    with app.connection() as connection:
        connection.default_channel.queue_purge("of-this-test")
    app.close()


@pytest.fixture
def tick(app):
    """Make a tick of what it does when it looks."""

    def make(look):
        def run(**_later):
            return look()

        return app.task(base=TickTask, name=NAME, shared=False)(run)

    return make


def test_a_tick_that_found_nothing_rests_until_something_happens(tick):
    tick(lambda: False)()
    assert is_resting(NAME)

    wake_ticks()

    assert not is_resting(NAME)


def test_a_tick_that_found_something_looks_again(tick):
    tick(lambda: True)()

    assert not is_resting(NAME)


def test_what_happens_while_a_tick_looks_is_not_missed(tick):
    def look():
        wake_ticks()
        return False

    tick(look)()

    assert not is_resting(NAME)


@pytest.mark.django_db
def test_nothing_rests_while_days_pass_in_seconds(tick, settings, monkeypatch):
    settings.DEMO = True
    clock.set_clock(business_at=datetime(2030, 1, 1, tzinfo=UTC), rate=3600)
    monkeypatch.setattr(clock._Cache, "read_at", float("-inf"))

    tick(lambda: False)()

    monkeypatch.setattr(clock._Cache, "read_at", float("-inf"))
    assert not is_resting(NAME)


def test_beat_leaves_a_resting_tick_alone(app, tick):
    look = tick(lambda: False)
    entry = ScheduleEntry(name="tick", task=NAME, schedule=1, app=app)
    scheduler = RingingScheduler(app=app, lazy=True)

    look()
    scheduler.apply_async(entry, advance=False)
    with app.connection() as connection:
        assert waiting(connection, "of-this-test") == 0
        wake_ticks()
        scheduler.apply_async(entry, advance=False)
        assert waiting(connection, "of-this-test") == 1


class TestWhatIsWrittenForTheFeed:
    """Whoever writes it, it is given its place at once and not by the next tick."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def rings(self, monkeypatch, settings, valkey_url):
        settings.REDIS_URL = valkey_url
        rings = []
        monkeypatch.setattr("celery.current_app.send_task", lambda name, **_: rings.append(name))
        return rings

    def test_rings_once_when_it_is_committed(self, rings):
        @unit_of_work
        def write():
            sql.run(ENTRY)
            sql.rows(f"{ENTRY} RETURNING guid")
            assert rings == []

        write()

        assert rings == [wakeups.SEQUENCER]

    def test_rings_again_once_the_sequencer_has_begun_to_look(self, rings):
        for _ in range(3):
            unit_of_work(sql.run)(ENTRY)
        assert rings == [wakeups.SEQUENCER]

        wakeups.hear_ring()
        unit_of_work(sql.run)(ENTRY)

        assert rings == [wakeups.SEQUENCER] * 2

    def test_rings_for_nothing_that_is_rolled_back(self, rings):
        @unit_of_work
        def write():
            sql.run(ENTRY)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            write()

        assert rings == []
