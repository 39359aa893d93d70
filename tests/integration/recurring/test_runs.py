"""Work that comes seldom is done after every absence, once, whatever the clocks of the machines say."""

from __future__ import annotations

import pytest

from portal.kernel import sql
from portal.recurring import runs
from portal.recurring.periods import Period

pytestmark = pytest.mark.django_db
NIGHTLY = {"nightly": Period(24 * 3600, phase=2.5 * 3600)}
HOURLY = {"hourly": Period(3600)}


def put_back(name: str, **columns: str) -> None:
    """Have the last run be longer ago."""
    for column, interval in columns.items():
        sql.run(
            f"UPDATE recurring_lastrun SET {column} = clock_timestamp() - %(ago)s::interval WHERE name = %(name)s",
            {"ago": interval, "name": name},
        )


def test_nothing_is_due_on_the_first_day():
    assert runs.claim_due(NIGHTLY | HOURLY) == []


def test_a_night_that_nobody_rang_for_is_caught_up_once():
    runs.claim_due(NIGHTLY)
    put_back("nightly", done_at="25 hours")

    assert runs.claim_due(NIGHTLY) == ["nightly"]
    assert runs.claim_due(NIGHTLY) == []

    runs.mark_done("nightly")
    put_back("nightly", rung_at="1 hour")
    assert runs.claim_due(NIGHTLY) == []


def test_what_was_rung_for_and_not_done_is_rung_for_again():
    runs.claim_due(HOURLY)
    put_back("hourly", done_at="2 hours", rung_at="10 minutes")
    assert runs.claim_due(HOURLY) == []

    put_back("hourly", rung_at="16 minutes")

    assert runs.claim_due(HOURLY) == ["hourly"]


def test_a_silence_is_counted_from_the_last_heartbeat():
    runs.mark_done("heartbeat")
    put_back("heartbeat", done_at="40 seconds")

    assert runs.silences(["heartbeat", "unknown"])["heartbeat"] == pytest.approx(40, abs=5)
    assert "unknown" not in runs.silences(["heartbeat", "unknown"])
