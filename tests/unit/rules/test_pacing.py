"""Hours, ramps and forecasts, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.working_days import start_of_local_day
from rollouts.rules import pacing
from rollouts.rules.pacing import DistributionWork, OpenHours, Pace, Ramp

DAY = timedelta(days=1)
NIGHT = {"from": "22:00", "to": "05:00"}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2030-01-10T21:59", False),
        ("2030-01-10T22:00", True),
        ("2030-01-11T04:59", True),
        ("2030-01-11T05:00", False),
        ("2030-07-10T21:00", True),  # 22:00 in London
    ],
)
def test_a_night_lasts_into_the_next_day_by_the_clocks_of_london(when, is_open):
    assert OpenHours.read(NIGHT).is_open(at(when)) is is_open


def test_a_night_belongs_to_the_day_on_which_it_begins():
    hours = OpenHours.read({**NIGHT, "days": ["mon"]})

    assert hours.is_open(at("2030-03-05T03:00"))  # Tuesday, the night of Monday
    assert not hours.is_open(at("2030-03-04T03:00"))


def test_without_hours_it_is_always_open():
    assert OpenHours.read(None).is_open(at("2030-03-05T12:00"))
    assert OpenHours.read(None).seconds_a_day() == 86_400
    assert OpenHours.read(NIGHT).seconds_a_day() == 7 * 3_600
    assert OpenHours.read({**NIGHT, "days": ["mon"]}).seconds_a_day() == 3_600


def test_a_ramp_multiplies_each_hour():
    ramp = Ramp.read({"per_hour": 1_000, "factor": 2})
    since = at("2030-03-04T10:30")

    assert [ramp.allowance(since=since, now=since + timedelta(hours=h)) for h in range(4)] == [
        1_000,
        2_000,
        4_000,
        8_000,
    ]
    assert ramp.hour_begun(since=since, now=at("2030-03-04T12:29")) == at("2030-03-04T11:30")
    assert ramp.allowance(since=since, now=since + 400 * DAY) == 1_000_000_000
    assert Ramp.read({}) is None


def test_the_night_of_a_capacity_is_counted_from_noon():
    assert pacing.night_begun(at("2030-07-10T03:00")) == at("2030-07-09T11:00")
    assert pacing.night_begun(at("2030-07-10T11:00")) == at("2030-07-10T11:00")


def midnight(text):
    return start_of_local_day(date.fromisoformat(text)).astimezone(UTC)


def pace(hubs_a_day=100.0, ahead=0):
    return Pace(hubs_a_day, ahead * DAY)


def test_distribution_begins_early_enough_for_its_volume():
    starts = pacing.distribution_starts({date(2030, 5, 1): 300}, pace=pace(ahead=7))

    assert starts == {date(2030, 5, 1): midnight("2030-04-21")}


def test_the_work_of_a_later_day_does_not_stand_in_the_way_of_an_earlier_one():
    starts = pacing.distribution_starts({date(2030, 5, 1): 300, date(2030, 5, 2): 500}, pace=pace())

    assert starts[date(2030, 5, 2)] == midnight("2030-04-27")
    assert starts[date(2030, 5, 1)] == midnight("2030-04-24")


@given(
    st.dictionaries(st.dates(date(2030, 1, 1), date(2030, 12, 31)), st.integers(0, 10**7), max_size=20),
    st.floats(1e-6, 1e9),
)
def test_starts_never_decrease_and_leave_time_for_all_that_follows(volumes, rate):
    starts = pacing.distribution_starts(volumes, pace=pace(hubs_a_day=rate))

    days = sorted(starts)
    assert set(days) == set(volumes)
    assert [starts[day] for day in days] == sorted(starts[day] for day in days)


def test_a_forecast_in_time_has_no_shortfall():
    notices = pacing.forecast(
        {date(2030, 5, 1): DistributionWork(300)}, pace=pace(ahead=7), now=midnight("2030-04-01")
    )

    assert (notices.hubs, notices.shortfall) == (300, 0)
    assert (notices.starts_at, notices.done_at) == (midnight("2030-04-21"), midnight("2030-04-24"))


def test_a_forecast_says_how_many_hubs_come_too_late_and_when():
    work = {date(2030, 5, 1): DistributionWork(300), date(2030, 5, 2): DistributionWork(300)}

    notices = pacing.forecast(work, pace=pace(), now=midnight("2030-04-29"))

    assert notices.shortfall == 300
    assert notices.late_by_day == {date(2030, 5, 1): 100, date(2030, 5, 2): 200}


@pytest.mark.requirement("R3.6")
def test_what_is_due_already_is_late_only_if_a_day_is_not_enough():
    now = at("2030-05-01T12:00")
    work = {
        date(2030, 4, 20): DistributionWork(60),
        date(2030, 5, 1): DistributionWork(40),
    }  # asked for at once, or left behind

    assert pacing.forecast(work, pace=pace(), now=now).shortfall == 0
    assert pacing.forecast(
        {**work, date(2030, 5, 1): DistributionWork(50)}, pace=pace(), now=now
    ).late_by_day == {date(2030, 5, 1): 10}


def test_a_forecast_knows_that_awaited_hubs_cannot_begin_before_the_cut_off():
    work = {date(2030, 5, 1): DistributionWork(300, waiting=300, from_at=midnight("2030-04-30"))}

    assert pacing.forecast(work, pace=pace(), now=midnight("2030-04-01")).shortfall == 200


def test_nothing_to_do_is_a_forecast_too():
    assert pacing.forecast({}, pace=pace(), now=at("2030-04-01T00:00")).starts_at is None


def test_no_capacity_is_a_shortfall_and_no_error():
    none = Pace.of(
        per_second=0, per_night=0, hours=OpenHours(), distribution_days=5, margin=timedelta(days=2)
    )

    notices = pacing.forecast(
        {date(2030, 5, 1): DistributionWork(300)}, pace=none, now=at("2030-04-01T00:00")
    )

    assert notices.shortfall == 300
