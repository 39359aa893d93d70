"""Times of activation: milestones, windows in London time, clock changes, nights with a cap."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.rules.criteria import (
    ActivationHours,
    InvalidCriteria,
    Milestone,
    Milestones,
    Night,
    NightPlan,
    TimePolicy,
    activation_time,
    explain_policy,
    parse_time_policy,
    plan_nights,
    spread,
)
from rollouts.rules.criteria.timing import DAYS, LONDON

NOTICE = datetime(2030, 3, 4, 10, 0, tzinfo=UTC)  # a Monday
NIGHTS = ActivationHours(DAYS, time(22), time(5))


def utc(day: str, hour: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}+00:00")


def after_notice(days: int, window: ActivationHours | None = None, **more: object) -> TimePolicy:
    return TimePolicy(Milestone.NOTICE, days, window, **more)


def time_of(policy: TimePolicy, *, notified_at: datetime = NOTICE, now: datetime = NOTICE) -> datetime | None:
    return activation_time(policy, Milestones(notified_at=notified_at), now=now)


@pytest.mark.requirement("R3.10")
class TestActivationTime:
    def test_without_a_window_it_is_the_milestone_and_the_days(self):
        assert time_of(after_notice(7)) == NOTICE + timedelta(days=7)

    def test_it_is_never_in_the_past(self):
        later = NOTICE + timedelta(days=30)

        assert time_of(after_notice(7), now=later) == later

    def test_a_rule_waits_for_the_end_of_the_pilot(self):
        policy = TimePolicy(Milestone.PILOT_END, 2)
        ended_at = utc("2030-03-20", "12:00")

        assert time_of(policy) is None
        assert activation_time(policy, Milestones(NOTICE, ended_at), now=NOTICE) == utc("2030-03-22", "12:00")

    def test_it_waits_for_the_window_to_open(self):
        assert time_of(after_notice(1, NIGHTS)) == utc("2030-03-05", "22:00")

    def test_an_open_window_is_used_at_once(self):
        night = utc("2030-03-04", "23:30")

        assert time_of(after_notice(0, NIGHTS), now=night) == night
        assert time_of(after_notice(0, NIGHTS), now=utc("2030-03-05", "04:59")) == utc("2030-03-05", "04:59")
        assert time_of(after_notice(0, NIGHTS), now=utc("2030-03-05", "05:00")) == utc("2030-03-05", "22:00")

    def test_a_night_belongs_to_the_day_it_begins_on(self):
        monday_nights = ActivationHours(("mon",), time(22), time(5))

        tuesday_small_hours = utc("2030-03-05", "03:00")
        assert time_of(after_notice(0, monday_nights), now=tuesday_small_hours) == tuesday_small_hours
        assert time_of(after_notice(0, monday_nights), now=utc("2030-03-05", "23:00")) == utc(
            "2030-03-11", "22:00"
        )

    def test_windows_are_in_london_time(self):
        assert time_of(after_notice(120, NIGHTS)) == utc("2030-07-02", "21:00")  # 22:00 BST

    def test_days_keep_the_time_of_day_over_a_clock_change(self):
        assert time_of(after_notice(60)) == utc("2030-05-03", "09:00")  # 10:00 BST


@pytest.mark.requirement("R3.10")
class TestClockChanges:
    """In 2030 clocks go forward on 31 March at 01:00 UTC and back on 27 October at 01:00 UTC."""

    def window(self, opens: str, closes: str, day: str) -> tuple[datetime, datetime] | None:
        return ActivationHours(DAYS, time.fromisoformat(opens), time.fromisoformat(closes)).on(
            datetime.fromisoformat(day).date()
        )

    def test_a_skipped_opening_is_the_moment_of_the_change(self):
        assert self.window("01:30", "05:00", "2030-03-31") == (
            utc("2030-03-31", "01:00"),
            utc("2030-03-31", "04:00"),
        )

    def test_a_skipped_closing_is_the_moment_of_the_change(self):
        assert self.window("22:00", "01:30", "2030-03-30") == (
            utc("2030-03-30", "22:00"),
            utc("2030-03-31", "01:00"),
        )

    def test_a_window_that_is_skipped_whole_is_none(self):
        assert self.window("01:10", "01:50", "2030-03-31") is None
        policy = after_notice(0, ActivationHours(DAYS, time(1, 10), time(1, 50)))
        assert time_of(policy, now=utc("2030-03-30", "12:00")) == utc("2030-04-01", "00:10")

    def test_a_repeated_hour_is_all_inside_the_window(self):
        assert self.window("01:10", "01:50", "2030-10-27") == (
            utc("2030-10-27", "00:10"),
            utc("2030-10-27", "01:50"),
        )

    def test_a_milestone_in_the_repeated_hour_keeps_its_place(self):
        second = utc("2030-10-27", "01:30")

        assert time_of(after_notice(0), notified_at=second, now=second) == second
        assert time_of(after_notice(1), notified_at=second, now=second) == utc("2030-10-28", "01:30")

    @given(
        now=st.integers(0, 365 * 24 * 60).map(lambda minutes: utc("2030-01-01") + timedelta(minutes=minutes)),
        opens=st.times(),
        closes=st.times(),
        days=st.sets(st.sampled_from(DAYS), min_size=1),
    )
    def test_every_time_lies_in_a_window_of_its_day(self, now, opens, closes, days):
        opens, closes = (each.replace(second=0, microsecond=0) for each in (opens, closes))
        if opens == closes:
            return
        window = ActivationHours(tuple(days), opens, closes)

        at = time_of(after_notice(0, window), notified_at=now, now=now)

        assert at is not None
        assert now <= at <= now + timedelta(days=15)
        today = at.astimezone(LONDON).date()
        open_ones = [span for span in map(window.on, (today - timedelta(days=1), today)) if span]
        assert any(start <= at < end for start, end in open_ones)


@pytest.mark.requirement("R3.10")
class TestNights:
    def plan(self, policy: TimePolicy, hubs: int, *, until: datetime | None = None) -> NightPlan:
        until = until or utc("2030-06-01")
        return plan_nights(policy, Milestones(NOTICE), hubs=hubs, now=NOTICE, until=until)

    def test_without_a_cap_all_hubs_share_one_time(self):
        assert self.plan(after_notice(1), 500) == NightPlan((Night(utc("2030-03-05", "10:00"), 500),), 0)

    def test_each_night_is_full_but_the_last(self):
        plan = self.plan(after_notice(0, NIGHTS, per_night=200), 500)

        assert plan.nights == (
            Night(utc("2030-03-04", "22:00"), 200),
            Night(utc("2030-03-05", "22:00"), 200),
            Night(utc("2030-03-06", "22:00"), 100),
        )

    def test_hubs_without_a_night_before_the_automatic_time_are_counted(self):
        plan = self.plan(after_notice(0, NIGHTS, per_night=200), 500, until=utc("2030-03-05", "22:00"))

        assert plan == NightPlan((Night(utc("2030-03-04", "22:00"), 200),), left_over=300)

    def test_no_hubs_need_no_night(self):
        assert self.plan(after_notice(0, NIGHTS), 0) == NightPlan((), 0)

    def test_an_unreached_milestone_leaves_every_hub_over(self):
        assert self.plan(TimePolicy(Milestone.PILOT_END, 0), 5) == NightPlan((), 5)

    @given(
        hubs=st.integers(0, 300),
        per_night=st.none() | st.integers(7, 100),
        has_window=st.booleans(),
        seed=st.integers(0, 99),
    )
    def test_every_hub_has_one_night_and_no_night_too_many(self, hubs, per_night, has_window, seed):
        plan = self.plan(after_notice(3, NIGHTS if has_window else None, per_night=per_night), hubs)

        placed = spread(range(hubs), plan, seed=seed)

        assert len(placed) == hubs - plan.left_over
        assert all(list(placed.values()).count(night.at) == night.hubs for night in plan.nights)
        assert all(earlier.at < later.at for earlier, later in pairwise(plan.nights))


class TestPolicies:
    @pytest.mark.requirement("R3.10")
    @pytest.mark.parametrize(
        ("document", "sentence"),
        [
            ({"after": "notice", "days": 0}, "From the notice."),
            ({"after": "pilot_end", "days": 1}, "1 day after the end of the pilot."),
            (
                {
                    "after": "notice",
                    "days": 14,
                    "window": {"days": ["sun", "mon"], "from": "22:00", "to": "05:00"},
                    "per_night": 20000,
                    "seed": 4,
                },
                "14 days after the notice, on Monday, Sunday from 22:00 to 05:00 (London time), at most 20,000 hubs a night.",
            ),
            (
                {
                    "after": "notice",
                    "days": 2,
                    "window": {"days": list(DAYS), "from": "00:00", "to": "06:30"},
                },
                "2 days after the notice, every day from 00:00 to 06:30 (London time).",
            ),
        ],
    )
    def test_a_policy_is_read_written_back_and_said(self, document, sentence):
        policy = parse_time_policy(document)

        assert parse_time_policy(policy.document) == policy
        assert explain_policy(policy) == sentence

    def test_every_problem_is_named(self):
        document = {
            "after": "lunch",
            "days": -1,
            "per_night": 0,
            "seed": "x",
            "when": 1,
            "window": {"days": ["noday"], "from": "24:00", "to": "5:00", "at": 1},
        }

        with pytest.raises(InvalidCriteria) as refused:
            parse_time_policy(document)

        assert {problem.path for problem in refused.value.problems} == {
            "/after",
            "/days",
            "/per_night",
            "/seed",
            "/when",
            "/window/at",
            "/window/days",
            "/window/from",
            "/window/to",
        }

    @pytest.mark.parametrize(
        "window",
        [
            "night",
            {"days": [], "from": "01:00", "to": "02:00"},
            {"days": ["mon"], "from": "01:00", "to": "01:00"},
        ],
    )
    def test_a_window_must_have_days_and_hours(self, window):
        with pytest.raises(InvalidCriteria):
            parse_time_policy({"after": "notice", "days": 1, "window": window})

    @pytest.mark.parametrize("document", [None, [], "notice", {}])
    def test_other_shapes_are_refused(self, document):
        with pytest.raises(InvalidCriteria):
            parse_time_policy(document)
