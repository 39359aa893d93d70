"""Days and times as they are typed: day first, British time, no hour guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from portal.kernel.presentation.local_times import DayField, LocalTimeField


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15/03/2027 02:00", datetime(2027, 3, 15, 2, tzinfo=UTC)),
        ("1/7/2027 2:00", datetime(2027, 7, 1, 1, tzinfo=UTC)),
        ("2027-07-01T02:00", datetime(2027, 7, 1, 1, tzinfo=UTC)),
        ("31/10/2027 01:30 BST", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        ("31/10/2027 01:30 gmt", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
        ("31/10/2027 00:59:59", datetime(2027, 10, 30, 23, 59, 59, tzinfo=UTC)),
        ("31/10/2027 02:00", datetime(2027, 10, 31, 2, tzinfo=UTC)),
        ("28/03/2027 02:00", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_day_first_in_british_time(text, moment):
    field = LocalTimeField()

    assert field.clean(text) == moment
    assert field.clean(field.prepare_value(moment)) == moment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("31/10/2027 01:30", "01:30 comes twice"),
        ("31/10/2027 01:00", "01:00 comes twice"),
        ("28/03/2027 01:00", "There is no 01:00"),
        ("28/03/2027 01:59 GMT", "There is no 01:59"),
        ("15/07/2027 02:00 GMT", "British time is BST"),
        ("03/15/2027 02:00", "There is no such day"),
        ("31/02/2027 02:00", "There is no such day"),
        ("15/03/2027", "Enter the time too"),
        ("15/03/2027 24:00", "between 00:00 and 23:59"),
        ("15/03/27 02:00", "Enter day and time"),
        ("tomorrow", "Enter day and time"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused_in_our_words(text, words):
    with pytest.raises(ValidationError, match=words):
        LocalTimeField().clean(text)


def test_a_day_is_read_and_shown_day_first():
    field = DayField(required=False)

    assert field.clean("3/4/2027") == field.clean("2027-04-03") == date(2027, 4, 3)
    assert field.prepare_value(date(2027, 4, 3)) == field.prepare_value("2027-04-03") == "03/04/2027"
    assert field.clean("") is None
    with pytest.raises(ValidationError, match="There is no such day"):
        field.clean("31/04/2027")
