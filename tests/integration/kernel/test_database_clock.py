"""The processes that serve and work go by the database's clock: none is ahead of another."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError

from portal.kernel import clock, sql
from portal.kernel.clock import _DatabaseClock

pytestmark = pytest.mark.django_db
NEAR = timedelta(seconds=20)


@pytest.fixture
def followed(monkeypatch):
    """Go by the database's clock for one test."""
    for name, value in (
        ("is_followed", True),
        ("at", None),
        ("read_at", float("-inf")),
        ("asked_at", float("-inf")),
    ):
        monkeypatch.setattr(_DatabaseClock, name, value)


def database_time():
    return sql.rows("SELECT clock_timestamp() AS at")[0].at


@pytest.mark.usefixtures("followed")
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_changes_nothing(hours):
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
        assert abs(clock.now() - database_time()) < NEAR


@pytest.mark.usefixtures("followed")
def test_a_clock_that_steps_backwards_is_not_followed():
    before = clock.now()
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1), tick=True):
        assert before <= clock.now() < before + NEAR


@pytest.mark.usefixtures("followed")
def test_time_goes_on_where_the_database_cannot_be_asked(monkeypatch):
    before = clock.now()
    monkeypatch.setattr(_DatabaseClock, "read_at", _DatabaseClock.read_at - 60)
    monkeypatch.setattr(_DatabaseClock, "asked_at", float("-inf"))
    with suppress(DatabaseError):
        sql.run("SELECT 1 / 0")  # from here on this transaction answers nothing

    assert before + timedelta(seconds=60) <= clock.now() < before + timedelta(seconds=60) + NEAR


def test_a_process_that_does_not_serve_goes_by_its_own_clock():
    with time_machine.travel("2031-05-01T12:00:00Z", tick=False):
        assert clock.now() == datetime(2031, 5, 1, 12, tzinfo=UTC)
