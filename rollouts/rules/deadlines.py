"""Dates of a rollout: notice, cut-off, requested times, and how long is left. No database and no clock.

Calendar months are counted in the local time of Great Britain; what comes of it is given in UTC (R3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from dateutil import tz
from dateutil.relativedelta import relativedelta

from portal.kernel.refusals import Refusal
from portal.kernel.working_days import local, local_words, working_days_between

MONTHS_OF_NOTICE: Final = 6
MONTHS_BEFORE_AUTOMATIC: Final = 1
REVIEW_WARNING: Final = timedelta(days=14)

NO_SUPPLIER_WINDOW: Final = "no supplier window"


class RuleBroken(Refusal):
    """What was asked for breaks a rule on dates; `code` names the rule."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


# Dates and notice


def months_after(at: datetime, months: int) -> datetime:
    """Add calendar months at the same time of day in Great Britain, and give the moment in UTC.

    Clamped to the end of the month: 31 August and six are 28 February. A time that does not exist, as the
    clocks go forward, moves forward with them. Of a time that there is twice, as they go back, it is the one
    with the offset the first moment has: 25 November 01:30 GMT less a month is 25 October 01:30 GMT.
    """
    start = local(at)
    moved = tz.resolve_imaginary(start.replace(fold=0) + relativedelta(months=months))
    later = moved.replace(fold=1)
    return (later if later.utcoffset() == start.utcoffset() else moved).astimezone(UTC)


def six_months_after(notified_at: datetime) -> datetime:
    """Return the latest automatic activation time a notice allows."""
    return months_after(notified_at, MONTHS_OF_NOTICE)


def one_month_before(automatic_at: datetime) -> datetime:
    """Return the cut-off: the last moment at which an instruction is in time."""
    return months_after(automatic_at, -MONTHS_BEFORE_AUTOMATIC)


def has_supplier_window(*, notified_at: datetime, cutoff_at: datetime) -> bool:
    """Return whether the notice leaves Suppliers any time to instruct."""
    return cutoff_at > notified_at


def is_in_time(received_at: datetime, *, cutoff_at: datetime) -> bool:
    """Return whether an instruction is in time; one that arrives exactly at the cut-off is."""
    return received_at <= cutoff_at


def check_automatic_at(automatic_at: datetime, *, notified_at: datetime) -> None:
    """Check DCC's automatic time against the notice.

    Raises:
        RuleBroken: AUTOMATIC_TOO_LATE, more than six months after the notice; AUTOMATIC_NOT_AHEAD, not
            after it.
    """
    latest = six_months_after(notified_at)
    if automatic_at > latest:
        raise RuleBroken(
            "AUTOMATIC_TOO_LATE",
            f"The automatic time can be at most six months after the notice: {local_words(latest)}.",
        )
    if automatic_at <= notified_at:
        raise RuleBroken("AUTOMATIC_NOT_AHEAD", "The automatic time must be after the notice.")


def check_batch_automatic_at(batch_at: datetime, *, automatic_at: datetime, now: datetime) -> None:
    """Check the automatic time of a DCC batch against that of its rollout.

    Raises:
        RuleBroken: BATCH_TOO_LATE, later than the rollout's own; AUTOMATIC_NOT_AHEAD, already past.
    """
    if batch_at > automatic_at:
        raise RuleBroken(
            "BATCH_TOO_LATE",
            f"A batch cannot be later than its rollout, which activates at {local_words(automatic_at)}.",
        )
    if batch_at <= now:
        raise RuleBroken("AUTOMATIC_NOT_AHEAD", "The automatic time of a batch must be still ahead.")


def check_pilot_dates(
    starts_at: datetime | None,
    ends_at: datetime | None,
    *,
    automatic_at: datetime,
    after: datetime | None = None,
) -> None:
    """Check when a pilot is planned to start and to end; none is not planned.

    Raises:
        RuleBroken: PILOT_DATES, an end before its start or after the automatic time, or a start not `after`.
    """
    planned = [at for at in (starts_at, ends_at) if at is not None]
    if starts_at is not None and ends_at is not None and starts_at >= ends_at:
        raise RuleBroken("PILOT_DATES", "The pilot ends after it starts.")
    if any(at > automatic_at for at in planned):
        raise RuleBroken(
            "PILOT_DATES",
            f"The pilot starts and ends before the automatic time, {local_words(automatic_at)}.",
        )
    if after is not None and any(at <= after for at in planned):
        raise RuleBroken("PILOT_DATES", "The dates of the pilot must be still ahead.")


def check_moved_at(automatic_at: datetime, *, before: datetime, is_delay: bool, now: datetime) -> None:
    """Check a new automatic time against the one there is.

    Raises:
        RuleBroken: DELAY_NOT_LATER or FORWARD_NOT_EARLIER, it moves the wrong way or is past.
    """
    if is_delay and automatic_at <= max(before, now):
        raise RuleBroken(
            "DELAY_NOT_LATER", "A delay moves the automatic time to a later one, which is still ahead."
        )
    if not is_delay and not now < automatic_at < before:
        raise RuleBroken(
            "FORWARD_NOT_EARLIER",
            "Bringing the date forward moves the automatic time to an earlier one, which is still ahead.",
        )


def check_received(received_at: datetime, *, cutoff_at: datetime) -> None:
    """Check that an instruction arrived by the cut-off.

    Raises:
        RuleBroken: AFTER_CUTOFF, it arrived later.
    """
    if not is_in_time(received_at, cutoff_at=cutoff_at):
        raise RuleBroken(
            "AFTER_CUTOFF",
            f"Instructions for these hubs had to arrive by {local_words(cutoff_at)}. "
            "Each hub keeps the time it has: the instructed one, or DCC's automatic time.",
        )


def check_requested_at(
    requested_at: datetime | None, *, automatic_at: datetime, received_at: datetime | None = None
) -> None:
    """Check the time a Supplier asks for; None, no preference, always suits.

    Raises:
        RuleBroken: TIME_NOT_EARLIER, not strictly before the automatic time; TIME_PASSED, already past
            when the instruction arrived (asked only where `received_at` is given).
    """
    if requested_at is None:
        return
    if requested_at >= automatic_at:
        raise RuleBroken(
            "TIME_NOT_EARLIER",
            f"The time must be earlier than the automatic activation time, {local_words(automatic_at)}.",
        )
    if received_at is not None and requested_at <= received_at:
        raise RuleBroken("TIME_PASSED", "The time has passed. Leave it blank for as soon as possible.")


# How long is left


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """How long somebody has for a task: never negative."""

    until: datetime
    left: timedelta
    working_days: int

    @property
    def is_over(self) -> bool:
        """Return whether the moment has passed."""
        return self.left <= timedelta(0)

    @property
    def words(self) -> str:
        """Return how long is left, in the two largest units: 12 days 4 hours."""
        if self.is_over:
            return "time is up"
        days, rest = divmod(int(self.left.total_seconds()), 86_400)
        hours, rest = divmod(rest, 3_600)
        minutes = rest // 60
        if days:
            return _joined(_counted(days, "day"), _counted(hours, "hour"))
        if hours:
            return _joined(_counted(hours, "hour"), _counted(minutes, "minute"))
        return _counted(minutes, "minute") or "less than a minute"

    @property
    def full_words(self) -> str:
        """Return how long is left, in working days too, and until when."""
        if self.is_over:
            return f"time was up at {local_words(self.until)}"
        working = _counted(self.working_days, "working day") or "no working day"
        return f"{self.words} ({working}) left, until {local_words(self.until)}"


def time_left(until: datetime, *, now: datetime) -> TimeLeft:
    """Compute how long is left until a moment."""
    return TimeLeft(until, max(until - now, timedelta(0)), working_days_between(now, until))


def window_words(*, notified_at: datetime, cutoff_at: datetime, now: datetime) -> str:
    """Return how long Suppliers have to instruct, or plainly that they never had any time."""
    if not has_supplier_window(notified_at=notified_at, cutoff_at=cutoff_at):
        return NO_SUPPLIER_WINDOW
    return time_left(cutoff_at, now=now).full_words


def _counted(number: int, noun: str) -> str:
    if number == 0:
        return ""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
