"""Working days of England and Wales, and times as people in Great Britain read them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from holidays import country_holidays

LONDON: Final = ZoneInfo("Europe/London")
_FIRST_YEAR, _LAST_YEAR = 2015, 2060


@cache
def _calendar() -> np.busdaycalendar:
    bank_holidays = country_holidays("GB", subdiv="ENG", years=range(_FIRST_YEAR, _LAST_YEAR + 1))
    return np.busdaycalendar(holidays=sorted(bank_holidays))


def is_working_day(day: date) -> bool:
    """Return whether this is neither a weekend nor a bank holiday in England and Wales."""
    return bool(np.is_busday(day, busdaycal=_calendar()))


def working_days_between(start: datetime, end: datetime) -> int:
    """Count the working days after the local day of `start`, up to and with that of `end`; never negative."""
    first, last = local_day(start) + timedelta(days=1), local_day(end) + timedelta(days=1)
    return max(0, int(np.busday_count(first, last, busdaycal=_calendar())))


def local(at: datetime) -> datetime:
    """Return the moment in the local time of Great Britain."""
    if at.tzinfo is None:
        raise ValueError("A time without a zone is no moment.")
    return at.astimezone(LONDON)


def local_day(at: datetime) -> date:
    """Return the local calendar day of a moment."""
    return local(at).date()


def local_words(at: datetime) -> str:
    """Return a moment in local time with the label of its offset: 15 March 2027, 00:00 GMT."""
    here = local(at)
    return f"{day_words(here.date())}, {here:%H:%M} {here.tzname()}"


def day_words(day: date) -> str:
    """Return a day: 15 March 2027."""
    return f"{day.day} {day:%B %Y}"


def start_of_local_day(day: date) -> datetime:
    """Return the moment at which a local day begins, in local time."""
    return datetime(day.year, day.month, day.day, tzinfo=LONDON)
