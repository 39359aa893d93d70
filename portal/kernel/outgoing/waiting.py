"""How long whoever was called asks to be left alone: `Retry-After`, in seconds or as a date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_requested(headers: Mapping[str, str], *, most: float) -> float | None:
    """Return the seconds a `Retry-After` asks for, `most` at most; None where nothing can be made of it.

    A date is counted from the answer's own `Date`, so that no clock of ours need agree with one of theirs.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), most)
    until = _date(value)
    if until is None:
        return None
    since = _date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - since).total_seconds(), 0.0), most)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
