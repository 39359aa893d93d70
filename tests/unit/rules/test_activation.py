"""Hours of activation, slots and nights, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.rules import activation
from rollouts.rules.criteria.timing import DAYS, ActivationHours
from rollouts.rules.pacing import Ramp

NIGHTS = activation.DEFAULT_HOURS
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
HOURS = st.builds(
    ActivationHours,
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple),
    TIMES,
    TIMES,
).filter(lambda hours: hours.opens != hours.closes)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MOMENTS = st.integers(0, 1_000_000).map(lambda minutes: at("2029-01-01T00:00") + timedelta(minutes=minutes))


def ats(*args, **kwargs):
    return [[slot.at for slot in night.slots] for night in activation.nights(*args, **kwargs)]


@pytest.mark.requirement("R3.12")
def test_by_default_a_night_runs_from_ten_in_the_evening_to_six_by_local_time():
    assert activation.is_within(at("2030-01-10T22:00"), NIGHTS)
    assert activation.is_within(at("2030-01-10T05:59"), NIGHTS)
    assert not activation.is_within(at("2030-01-10T06:00"), NIGHTS)
    assert activation.is_within(at("2030-07-10T21:00"), NIGHTS)
    assert not activation.is_within(at("2030-07-10T05:00"), NIGHTS)


@pytest.mark.requirement("R3.12")
def test_a_night_is_spread_over_its_quarters():
    (night,) = ats(NIGHTS, now=at("2030-01-10T12:00"))

    assert (night[0], night[-1], len(night)) == (at("2030-01-10T22:00"), at("2030-01-11T05:45"), 32)


def test_a_night_that_has_begun_takes_what_can_still_reach_its_hub():
    (night,) = ats(NIGHTS, now=at("2030-01-10T23:07:30"))
    (next_night,) = ats(NIGHTS, now=at("2030-01-11T05:01"))

    assert night[0] == at("2030-01-11T00:08")
    assert next_night[0] == at("2030-01-11T22:00")


@pytest.mark.requirement("R3.12")
@pytest.mark.parametrize(
    ("now", "first", "last", "slots"),
    [
        # The clocks go forward at 01:00 GMT: one hour is missing. 22:00 GMT to 06:00 BST.
        ("2030-03-30T12:00", "2030-03-30T22:00", "2030-03-31T04:45", 28),
        # They go back at 02:00 BST: one hour is there twice. 22:00 BST to 06:00 GMT.
        ("2030-10-26T12:00", "2030-10-26T21:00", "2030-10-27T05:45", 36),
    ],
)
def test_the_nights_on_which_clocks_change_are_right(now, first, last, slots):
    (night,) = ats(NIGHTS, now=at(now))

    assert (night[0], night[-1], len(night)) == (at(first), at(last), slots)


@pytest.mark.requirement("R3.12")
def test_suppliers_may_narrow_the_hours_and_not_widen_them():
    own = ActivationHours(DAYS, time(1), time(8))
    second = ActivationHours(DAYS, time(0), time(3))
    by_day = ActivationHours(DAYS, time(10), time(16))
    now = at("2030-01-10T12:00")

    (narrowed,) = ats(NIGHTS, now=now, own=[own])
    (of_both,) = ats(NIGHTS, now=now, own=[own, second])
    (without_say,) = ats(NIGHTS, now=now, own=[by_day])

    assert (narrowed[0], narrowed[-1]) == (at("2030-01-11T01:00"), at("2030-01-11T05:45"))
    assert (of_both[0], of_both[-1]) == (at("2030-01-11T01:00"), at("2030-01-11T02:45"))
    assert len(without_say) == 32


def test_a_ramp_fills_nights_one_after_the_other():
    now = at("2030-01-10T12:00")
    ramp = Ramp(100)

    first, second, *_ = activation.nights(NIGHTS, now=now, ramp=ramp, ramp_since=now)
    full, *_ = activation.nights(
        NIGHTS,
        now=now,
        ramp=ramp,
        ramp_since=now,
        taken={at("2030-01-10T22:00"): 25, at("2030-01-11T03:15"): 10},
    )

    assert (first.hubs, second.hubs) == (800, 800)
    assert full.hubs == 765
    assert full.slots[0].until == 0


@given(
    MOMENTS, HOURS, HOURS, st.one_of(st.none(), st.builds(Ramp, st.integers(1, 10_000), st.floats(0.5, 3)))
)
@pytest.mark.requirement("R3.12")
def test_every_slot_lies_ahead_and_within_the_hours(now, hours, own, ramp):
    for night in activation.nights(hours, now=now, own=[own], ramp=ramp, ramp_since=now):
        assert all(activation.is_within(slot.at, hours) for slot in night.slots)
        assert all(slot.at >= now + activation.NOTICE for slot in night.slots)
        assert [slot.until for slot in night.slots] == sorted(slot.until for slot in night.slots)
        assert night.hubs > 0
        assert night.slot_of(0.0) <= night.slot_of(0.999_999)


@given(MOMENTS, MOMENTS, HOURS, st.integers(0, 2**40))
def test_what_missed_its_time_goes_within_the_hours_of_a_later_night(missed, now, hours, key):
    at = activation.next_time(missed, hours, now=now, key=key)

    assert activation.is_within(at, hours)
    assert at >= now + activation.NOTICE


def test_what_missed_its_slot_keeps_its_time_of_day():
    now = at("2030-01-11T12:00")

    assert activation.next_time(at("2030-01-10T23:15"), NIGHTS, now=now, key=7) == at("2030-01-11T23:15")
    assert activation.next_time(at("2030-01-11T03:00"), NIGHTS, now=now, key=7) == at("2030-01-12T03:00")


def test_a_chosen_time_is_kept_until_it_has_passed_by_a_quarter_of_an_hour():
    now = at("2030-01-11T12:00")

    assert activation.is_kept(now - timedelta(minutes=15), chosen=True, now=now)
    assert not activation.is_kept(now - timedelta(minutes=16), chosen=True, now=now)
    assert not activation.is_kept(now + timedelta(days=1), chosen=False, now=now)


def test_hours_are_stored_as_they_are_read():
    hours = ActivationHours(("mon", "tue"), time(23), time(4))

    assert activation.read_hours(activation.hours_document(hours)) == hours
    assert activation.hours_document(NIGHTS) == {"from": "22:00", "to": "06:00"}
    assert activation.read_hours(None) == NIGHTS
