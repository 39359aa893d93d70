"""Working days and local times, as Great Britain has them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.kernel.working_days import (
    is_working_day,
    local_day,
    local_words,
    start_of_local_day,
    working_days_between,
)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 24), date(2026, 12, 29)),  # Christmas, and Boxing Day moved from Saturday
        (date(2026, 12, 26), date(2026, 12, 29)),
        (date(2027, 3, 25), date(2027, 3, 30)),  # Easter
        (date(2027, 5, 28), date(2027, 6, 1)),  # Spring bank holiday
        (date(2027, 3, 16), date(2027, 3, 17)),
        (date(2027, 3, 17), date(2027, 3, 18)),  # Saint Patrick's Day is none in England and Wales
    ],
)
def test_the_next_working_day_leaves_out_weekends_and_bank_holidays(day: date, expected: date) -> None:
    skipped = [day + timedelta(days=n) for n in range(1, (expected - day).days)]

    assert not any(map(is_working_day, skipped))
    assert is_working_day(expected)


def test_a_bank_holiday_and_a_weekend_are_no_working_days() -> None:
    assert not is_working_day(date(2026, 12, 25))
    assert not is_working_day(date(2027, 1, 2))
    assert is_working_day(date(2027, 1, 4))


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (datetime(2027, 3, 15, 9, tzinfo=UTC), datetime(2027, 3, 15, 17, tzinfo=UTC), 0),
        (datetime(2027, 3, 15, 9, tzinfo=UTC), datetime(2027, 3, 17, 9, tzinfo=UTC), 2),
        (datetime(2027, 3, 19, 9, tzinfo=UTC), datetime(2027, 3, 22, 9, tzinfo=UTC), 1),
        (datetime(2027, 3, 17, 9, tzinfo=UTC), datetime(2027, 3, 15, 9, tzinfo=UTC), 0),
        # 23:30 UTC in July is the next day in London.
        (datetime(2027, 7, 5, 23, 30, tzinfo=UTC), datetime(2027, 7, 6, 12, tzinfo=UTC), 0),
    ],
)
def test_working_days_between_count_local_days(start: datetime, end: datetime, expected: int) -> None:
    assert working_days_between(start, end) == expected


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2027, 3, 15, tzinfo=UTC), "15 March 2027, 00:00 GMT"),
        (datetime(2027, 7, 14, 23, 30, tzinfo=UTC), "15 July 2027, 00:30 BST"),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "31 October 2027, 01:30 BST"),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "31 October 2027, 01:30 GMT"),
    ],
)
def test_a_time_is_said_in_local_time_with_its_offset(at: datetime, words: str) -> None:
    assert local_words(at) == words


def test_a_local_day_begins_at_local_midnight() -> None:
    assert start_of_local_day(date(2027, 7, 15)) == datetime(2027, 7, 14, 23, tzinfo=UTC)
    assert local_day(datetime(2027, 7, 14, 23, tzinfo=UTC)) == date(2027, 7, 15)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        local_words(datetime(2027, 7, 15))  # noqa: DTZ001 - the fault under test
