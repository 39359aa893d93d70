"""Times as people read them: British local time with its offset, time left in words, working days.

Pure: `now` is always a parameter. Stored times are UTC; only what is shown is local.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from portal.kernel.working_days import local, working_days_between

_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def long_time(at: datetime) -> str:
    """Return the exact local time with its offset: 15 Mar 2027, 00:00 GMT."""
    here = local(at)
    return f"{here.day} {here:%b %Y, %H:%M %Z}"


def deadline_time(at: datetime, *, with_weekday: bool = False) -> str:
    """Return a deadline; midnight as the end of a day, which nobody takes for its beginning.

    For example: end of Mon 11 Jan 2027 (12 Jan, 00:00 GMT).
    """
    last = local(at - _MICROSECOND) if local(at).time() == time.min else None
    weekday = f"{last or local(at):%a} " if with_weekday else ""
    if last is None:
        return weekday + long_time(at)
    return f"end of {weekday}{long_date(last.date())} ({short_date(at)}, {local(at):%H:%M %Z})"


def utc_time(at: datetime) -> str:
    """Return the exact time in UTC: 14 Apr 2027, 23:00 UTC."""
    there = at.astimezone(UTC)
    return f"{there.day} {there:%b %Y, %H:%M} UTC"


def long_date(on: date) -> str:
    """Return a day: 15 Mar 2027 (of a moment, its local day)."""
    day = local(on) if isinstance(on, datetime) else on
    return f"{day.day} {day:%b %Y}"


def short_date(on: date) -> str:
    """Return a day without its year: 15 Mar."""
    day = local(on) if isinstance(on, datetime) else on
    return f"{day.day} {day:%b}"


def duration(length: timedelta) -> str:
    """Return a length in the one unit that matters: 12 days, 31 hours, 5 minutes."""
    if length >= 2 * _DAY:
        return _counted(length // _DAY, "day")
    if length >= 2 * _HOUR:
        return _counted(length // _HOUR, "hour")
    return _counted(max(1, length // timedelta(minutes=1)), "minute")


def since(at: datetime, *, now: datetime) -> str:
    """Return how long ago, or in how long: 5 minutes ago, in 3 days."""
    if at <= now:
        return "just now" if now - at < timedelta(minutes=1) else f"{duration(now - at)} ago"
    return f"in {duration(at - now)}"


def working_days_left(at: datetime, *, now: datetime) -> int:
    """Count the working days of England and Wales after today that end before the deadline or hold it.

    A deadline at midnight belongs to the day it ends, so it does not lend the reader one more day.
    """
    return working_days_between(now, at - _MICROSECOND)


def _counted(n: int, unit: str) -> str:
    return f"{n:,} {unit}" if n == 1 else f"{n:,} {unit}s"


@dataclass(frozen=True, slots=True)
class Countdown:
    """A deadline as it stands now; `is_owed` while something is still to be done by it."""

    at: datetime
    now: datetime
    is_owed: bool = False

    @property
    def has_passed(self) -> bool:
        """Whether the deadline lies behind."""
        return self.at < self.now

    @property
    def words(self) -> str:
        """Return what is left, or how long it has been over."""
        if self.has_passed:
            late = duration(self.now - self.at)
            return f"Overdue by {late}" if self.is_owed else f"Passed {late} ago"
        return f"{duration(self.at - self.now)} left"

    @property
    def urgency(self) -> str:
        """How loudly to say it: calm, soon (14 days), urgent (3 days), overdue, or merely passed."""
        if self.has_passed:
            return "overdue" if self.is_owed else "passed"
        left = self.at - self.now
        if left <= 3 * _DAY:
            return "urgent"
        return "soon" if left <= 14 * _DAY else "calm"

    @property
    def icon(self) -> str:
        """An icon that differs by urgency, so that colour is never alone."""
        return {
            "calm": "clock",
            "soon": "hourglass",
            "urgent": "alert",
            "overdue": "x-circle",
            "passed": "clock-check",
        }[self.urgency]

    @property
    def exactly(self) -> str:
        """The local time, to the minute."""
        return deadline_time(self.at, with_weekday=True)

    @property
    def working_days(self) -> str:
        """The working days that remain, in words; nothing within a day, where the hours say more."""
        if self.at - self.now < _DAY:
            return ""
        return _counted(working_days_left(self.at, now=self.now), "working day")
