"""How fast hubs are commanded, and when that begins: hours, ramps, leads and the work of a region.

Values in, answer out: no database, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from portal.kernel.working_days import local_day, start_of_local_day
from rollouts.rules.criteria.timing import DAYS, ActivationHours
from rollouts.states import RolloutStatus

LONGEST_LEAD: Final = timedelta(days=30)
"""A hub takes a date at most thirty days ahead (DUIS)."""

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_LONDON: Final = ZoneInfo("Europe/London")
_NOON: Final = 12


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """The settings of dispatch, each with its default; `settings.DISPATCH` overrides them by name."""

    command_size: int = 2_000
    ready_ahead: int = 500
    loop_seconds: float = 5.0
    first_read: timedelta = timedelta(hours=24)
    second_read: timedelta = timedelta(hours=72)
    last_read: timedelta = timedelta(hours=24)
    delivery_silence: timedelta = timedelta(days=10)
    margin: timedelta = timedelta(days=2)
    unreachable_for: timedelta = timedelta(days=30)

    @property
    def silent_for(self) -> timedelta:
        """How long after its activation a hub is given up at the earliest: two readings unanswered."""
        return max(self.second_read, self.first_read + self.last_read) + self.last_read

    @classmethod
    def current(cls) -> DispatchSettings:
        """Return the settings of this process."""
        return cls(**getattr(settings, "DISPATCH", {}))


def may_distribute(status: str, *, is_pilot: bool, gate_open: bool) -> bool:
    """Return whether images may leave for the hubs of a batch."""
    if status == RolloutStatus.PILOT:
        return is_pilot and gate_open
    return status == RolloutStatus.SAFE_LAUNCH and (is_pilot or gate_open)


def may_activate(status: str, *, is_pilot: bool, gate_open: bool) -> bool:
    """Return whether activations may leave for a batch: those of the pilot do while it is reviewed."""
    if status == RolloutStatus.PILOT_REVIEW:
        return is_pilot
    return may_distribute(status, is_pilot=is_pilot, gate_open=gate_open)


@dataclass(frozen=True, slots=True)
class OpenHours:
    """The hours in which images may be sent, in local time; without a window, always."""

    window: ActivationHours | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any] | None) -> OpenHours:
        """Read `{"days": ["mon", …], "from": "22:00", "to": "05:00"}`; days left out are every day."""
        if not document:
            return cls()
        return cls(
            ActivationHours(
                days=tuple(document.get("days") or DAYS),
                opens=time.fromisoformat(document["from"]),
                closes=time.fromisoformat(document["to"]),
            )
        )

    def is_open(self, now: datetime) -> bool:
        """Return whether images may be sent now. The night of yesterday may still be open."""
        if self.window is None:
            return True
        today = now.astimezone(_LONDON).date()
        spans = (self.window.on(day) for day in (today - _DAY, today))
        return any(span[0] <= now < span[1] for span in spans if span)

    def seconds_a_day(self) -> float:
        """Return how many seconds are open on an average day."""
        if self.window is None:
            return _DAY.total_seconds()
        anchor = date(2024, 1, 1)  # any day: only the distance of two times of day matters
        opens, closes = (datetime.combine(anchor, at) for at in (self.window.opens, self.window.closes))
        length = (closes - opens) % _DAY or _DAY
        return length.total_seconds() * len(self.window.days) / len(DAYS)


@dataclass(frozen=True, slots=True)
class Ramp:
    """How many hubs of a rollout may begin in an hour; each hour `factor` times as many as the one before."""

    per_hour: int
    factor: float = 1.0

    @classmethod
    def read(cls, document: Mapping[str, Any] | None) -> Ramp | None:
        """Read `{"per_hour": 10000, "factor": 2}`; none is no limit."""
        if not document or not document.get("per_hour"):
            return None
        return cls(int(document["per_hour"]), float(document.get("factor") or 1.0))

    def hour_begun(self, *, since: datetime, now: datetime) -> datetime:
        """Return when the present hour of the ramp began; it counts from when the rollout last set off."""
        return since + (max(now - since, timedelta(0)) // _HOUR) * _HOUR

    def allowance(self, *, since: datetime, now: datetime) -> int:
        """Return how many hubs may begin in the present hour of the ramp."""
        hours = max(now - since, timedelta(0)) // _HOUR
        # Capped: after a few weeks of doubling, nothing is limited any more.
        return int(min(self.per_hour * self.factor ** min(hours, 500), 1e9))


def lead(hours: float) -> timedelta:
    """Return how long before its time an activation is sent."""
    return min(timedelta(hours=max(hours, 0.0)), LONGEST_LEAD)


def night_begun(now: datetime) -> datetime:
    """Return the local noon from which the work of the present night is counted."""
    local = now.astimezone(_LONDON)
    day = local.date() if local.hour >= _NOON else local.date() - _DAY
    return datetime.combine(day, time(_NOON), tzinfo=_LONDON).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many hubs a day a region takes, and how long before its time a hub must have its image sent."""

    hubs_a_day: float
    ahead: timedelta

    @classmethod
    def of(
        cls,
        *,
        per_second: float,
        per_night: int | None,
        hours: OpenHours,
        distribution_days: float,
        margin: timedelta,
    ) -> Pace:
        """Compute the pace of a channel from its capacity and its hours."""
        by_the_second = per_second * hours.seconds_a_day()
        rate = by_the_second if per_night is None else min(by_the_second, per_night)
        # Work that must wait for a window may find it just closed.
        rounding = timedelta(0) if hours.window is None else _DAY
        return cls(max(rate, 1e-9), timedelta(days=distribution_days) + margin + rounding)

    def deadline(self, day: date) -> datetime:
        """Return by when the images for hubs that activate on a day must have been sent."""
        return start_of_local_day(day).astimezone(UTC) - self.ahead

    def takes(self, hubs: int) -> timedelta:
        """Return how long sending so many images takes; never more than ten thousand years."""
        return timedelta(days=min(hubs / self.hubs_a_day, 3_650_000))


def distribution_starts(hubs_by_day: Mapping[date, int], *, pace: Pace) -> dict[date, datetime]:
    """Return when the distribution for each day of activation must begin to be done in time.

    Computed backwards from the last day: the work of a later day must not stand in the way of an earlier one,
    so starts never decrease from day to day.
    """
    starts: dict[date, datetime] = {}
    begun_before: datetime | None = None
    for day in sorted(hubs_by_day, reverse=True):
        finish = pace.deadline(day) if begun_before is None else min(pace.deadline(day), begun_before)
        takes = pace.takes(hubs_by_day[day])
        earliest = datetime(1970, 1, 1, tzinfo=UTC)
        starts[day] = begun_before = earliest if finish - earliest < takes else finish - takes
    return starts


@dataclass(frozen=True, slots=True)
class DistributionWork:
    """What is to be sent for one day of activation; `waiting` of it cannot be before `from_at`."""

    hubs: int
    waiting: int = 0
    from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DistributionForecast:
    """When the images of a region begin to leave, when they are through, and how many would be late."""

    hubs: int = 0
    starts_at: datetime | None = None
    done_at: datetime | None = None
    shortfall: int = 0
    late_by_day: Mapping[date, int] = field(default_factory=dict)


def forecast(
    work_by_day: Mapping[date, DistributionWork], *, pace: Pace, now: datetime
) -> DistributionForecast:
    """Forecast the distribution of a region: earliest days first, at full pace from the moment it must begin.

    A hub is late when neither the time until its deadline, nor that from the moment its work may begin,
    is enough for all that goes before it. What is due already, or was asked for at once, has a day.
    """
    volumes = {day: work.hubs for day, work in work_by_day.items() if work.hubs}
    if not volumes:
        return DistributionForecast()
    starts = distribution_starts(volumes, pace=pace)
    late: dict[date, int] = {}
    before = waiting_before = 0
    for day in sorted(volumes):
        work = work_by_day[day]
        before += work.hubs
        waiting_before += work.waiting
        deadline = now + _DAY if day <= local_day(now) else pace.deadline(day)
        possible = _possible(pace, now, deadline)
        after_wait = _possible(pace, max(now, work.from_at or now), deadline)
        short = max(before - possible, waiting_before - after_wait, 0)
        late[day] = max(min(short - sum(late.values()), work.hubs), 0)
    begins = max(now, min(starts.values()))
    return DistributionForecast(
        hubs=before,
        starts_at=begins,
        done_at=_done(pace, begins, before),
        shortfall=sum(late.values()),
        late_by_day={day: hubs for day, hubs in late.items() if hubs},
    )


def _possible(pace: Pace, since: datetime, until: datetime) -> int:
    days = max((until - since) / _DAY, 0.0)
    return int(days * pace.hubs_a_day)


def _done(pace: Pace, begins: datetime, hubs: int) -> datetime:
    takes = pace.takes(hubs)
    latest = datetime(9999, 1, 1, tzinfo=UTC)
    return latest if latest - begins < takes else begins + takes
