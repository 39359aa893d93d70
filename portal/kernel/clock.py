"""The business clock: the one place that reads the time, called at the edges only.

The processes that serve and work go by the database's clock, which all of them have in common: from a machine
whose clock is an hour ahead nothing may be sent an hour early, and nobody may miss a cut-off.

In a demo the clock may be shifted and sped up, so that six months of notice pass in
minutes. The setting is a row, so that every process agrees; it is refused elsewhere.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import Error, connection

from portal.kernel.models import BusinessClock
from portal.kernel.refusals import Refusal

_REREAD_SECONDS = 0.5
_COMPARED_EVERY_SECONDS = 30.0


class ClockNotShiftable(Refusal):
    """Only a demonstration may move the clock."""

    code = "clock_not_shiftable"


class ClockReading(NamedTuple):
    """How business time follows real time: `business_at + rate * (real - real_at)`."""

    real_at: datetime
    business_at: datetime
    rate: float

    def at(self, real: datetime) -> datetime:
        """Return the business time at a real moment."""
        return self.business_at + (real - self.real_at) * self.rate


class _Cache:
    reading: ClockReading | None = None
    read_at = float("-inf")


class _DatabaseClock:
    """What time the database had, at a moment of the counter that no setting of a clock changes."""

    is_followed = False
    at: datetime | None = None
    read_at = float("-inf")
    asked_at = float("-inf")


def follow_database() -> None:
    """Go by the database's clock from now on, compared every half minute, whatever this machine's says."""
    _DatabaseClock.is_followed = True


def now() -> datetime:
    """Return the business time, in UTC."""
    return business_of(_real())


def _real() -> datetime:
    if not _DatabaseClock.is_followed:
        return datetime.now(UTC)
    if time.monotonic() - _DatabaseClock.asked_at > _COMPARED_EVERY_SECONDS:
        _compare()
    if _DatabaseClock.at is None:  # the database has never answered
        return datetime.now(UTC)
    return _DatabaseClock.at + timedelta(seconds=time.monotonic() - _DatabaseClock.read_at)


def _compare() -> None:
    _DatabaseClock.asked_at = time.monotonic()
    with suppress(Error), connection.cursor() as cursor:  # away: the counter goes on, and nobody waits again
        cursor.execute("SELECT clock_timestamp()")
        _DatabaseClock.at = cursor.fetchone()[0]
        _DatabaseClock.read_at = time.monotonic()


def current_reading() -> ClockReading | None:
    """Return how business time follows real time; None when they are the same."""
    if time.monotonic() - _Cache.read_at > _REREAD_SECONDS:
        row = BusinessClock.objects.filter(pk=1).first()
        _Cache.reading = ClockReading(row.real_at, row.business_at, row.rate) if row else None
        _Cache.read_at = time.monotonic()
    return _Cache.reading


def set_clock(*, business_at: datetime, rate: float) -> ClockReading:
    """Let business time be `business_at` now and pass `rate` times as fast as real time.

    Raises:
        ClockNotShiftable: this is not a demonstration.
    """
    if not settings.DEMO:
        raise ClockNotShiftable("The clock can only be moved in a demonstration (DEMO=1).")
    row, _ = BusinessClock.objects.update_or_create(
        pk=1, defaults={"real_at": _real(), "business_at": business_at, "rate": rate}
    )
    _Cache.read_at = float("-inf")
    return ClockReading(row.real_at, row.business_at, row.rate)


def business_of(real: datetime) -> datetime:
    """Return the business time at a real moment: the same, but in a demonstration."""
    reading = current_reading() if settings.DEMO else None
    return real if reading is None else reading.at(real)


def wall() -> datetime:
    """Return the real time, demonstration or not: for what goes by clocks outside, such as signatures."""
    return datetime.now(UTC)
