"""Times as the templates draw them: British, with what is left, and today among the dates around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template

from portal.kernel.presentation import charts, moments

NOON = datetime(2027, 2, 18, 12, 0, tzinfo=UTC)


def drawn(source: str, **context: object) -> str:
    return Template("{% load portal_ui %}" + source).render(Context(context))


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2027, 3, 15, tzinfo=UTC), "15 Mar 2027, 00:00 GMT"),
        (datetime(2027, 6, 30, 23, 0, tzinfo=UTC), "1 Jul 2027, 00:00 BST"),
    ],
)
def test_times_are_british_and_say_their_offset(at, words):
    assert moments.long_time(at) == words


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2027, 1, 12, tzinfo=UTC), "end of 11 Jan 2027 (12 Jan, 00:00 GMT)"),
        (datetime(2027, 3, 28, 23, 0, tzinfo=UTC), "end of 28 Mar 2027 (29 Mar, 00:00 BST)"),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), "25 Oct 2026, 01:00 BST"),
        (datetime(2027, 1, 1, tzinfo=UTC), "end of 31 Dec 2026 (1 Jan, 00:00 GMT)"),
        (datetime(2027, 1, 12, 0, 1, tzinfo=UTC), "12 Jan 2027, 00:01 GMT"),
    ],
)
def test_a_deadline_at_midnight_is_the_end_of_a_day(at, words):
    assert moments.deadline_time(at) == words


def test_a_deadline_beside_a_countdown_names_its_weekday():
    midnight = datetime(2027, 1, 12, tzinfo=UTC)

    words = moments.Countdown(midnight, midnight - timedelta(days=2)).exactly

    assert words == "end of Mon 11 Jan 2027 (12 Jan, 00:00 GMT)"


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("left", "words", "urgency"),
    [
        (timedelta(days=40), "40 days left", "calm"),
        (timedelta(days=14), "14 days left", "soon"),
        (timedelta(hours=47), "47 hours left", "urgent"),
        (timedelta(minutes=90), "90 minutes left", "urgent"),
        (timedelta(seconds=5), "1 minute left", "urgent"),
        (timedelta(days=-3), "Passed 3 days ago", "passed"),
    ],
)
def test_time_left_is_said_in_the_one_unit_that_matters(left, words, urgency):
    deadline = moments.Countdown(NOON + left, NOON)

    assert (deadline.words, deadline.urgency) == (words, urgency)


@pytest.mark.requirement("R4.4")
def test_what_is_still_owed_after_its_time_is_overdue_in_word_colour_and_icon():
    late = NOON - timedelta(minutes=50)
    owed, past = moments.Countdown(late, NOON, is_owed=True), moments.Countdown(late, NOON)

    assert (owed.words, owed.urgency, owed.icon) == ("Overdue by 50 minutes", "overdue", "x-circle")
    assert (past.words, past.urgency) == ("Passed 50 minutes ago", "passed")
    assert owed.icon != moments.Countdown(NOON + timedelta(hours=1), NOON, is_owed=True).icon
    html = drawn("{% time_left at label='Answer' owed=True %}", at=late, portal_now=NOON)
    assert "time-left--overdue" in html
    assert "Overdue by 50 minutes" in html


@pytest.mark.requirement("R4.4")
def test_working_days_leave_out_weekends_and_bank_holidays():
    thursday = datetime(2026, 12, 24, 9, 0, tzinfo=UTC)

    # Christmas Day, its substitute for Boxing Day (Monday 28th) and New Year's Day are bank holidays.
    assert moments.working_days_left(datetime(2027, 1, 5, tzinfo=UTC), now=thursday) == 4


@pytest.mark.requirement("R4.4")
def test_within_a_day_the_hours_say_more_than_working_days():
    assert moments.Countdown(NOON + timedelta(minutes=28), NOON).working_days == ""
    assert moments.Countdown(NOON + timedelta(days=1), NOON).working_days == "1 working day"


@pytest.mark.requirement("R4.4")
def test_a_deadline_at_midnight_does_not_lend_another_working_day():
    monday = datetime(2027, 2, 15, 9, 0, tzinfo=UTC)

    assert moments.working_days_left(datetime(2027, 2, 17, tzinfo=UTC), now=monday) == 1
    assert moments.working_days_left(datetime(2027, 2, 17, 0, 1, tzinfo=UTC), now=monday) == 2


@pytest.mark.requirement("R4.4")
def test_a_deadline_shows_what_is_left_the_local_time_and_the_working_days():
    html = drawn("{% time_left at label='Cut-off' %}", at=NOON + timedelta(days=5), portal_now=NOON)

    assert "5 days left" in html
    assert "Tue 23 Feb 2027, 12:00 GMT" in html
    assert "3 working days" in html


def test_a_moment_is_machine_readable_and_says_how_far_away_it_is():
    html = drawn("{% when at %}", at=NOON - timedelta(hours=3), portal_now=NOON)

    assert 'datetime="2027-02-18T09:00:00+00:00"' in html
    assert "3 hours ago" in html


def test_today_falls_between_the_dates_around_it():
    line = charts.timeline(
        [
            {"label": "Notice", "at": NOON - timedelta(days=10)},
            {"label": "Cut-off", "at": NOON + timedelta(days=30)},
            {"label": "Given up", "at": None},
            {"label": "Automatic", "at": NOON + timedelta(days=60)},
        ],
        now=NOON,
    )

    assert [step.label for step in line.steps] == ["Notice", "Cut-off", "Automatic", "Given up"]
    assert [step.standing for step in line.steps] == ["past", "next", "ahead", "open"]
    assert [step.is_after_today for step in line.steps] == [False, True, False, False]
    assert [step.place for step in line.steps] == [0, 57, 100, None]
    assert line.today == round(100 * 10 / 70)


def test_a_timeline_that_is_over_has_today_after_its_last_date():
    line = charts.timeline([{"label": "Notice", "at": NOON - timedelta(days=10)}], now=NOON)

    assert line.is_over
    assert 0 < line.today <= 100
