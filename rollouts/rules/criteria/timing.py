"""When an approval rule has hubs activated: days after a milestone, inside the hours a Supplier keeps.

Days and hours are those of Europe/London. A night belongs to the day on which its window opens,
so Monday 22:00 to 05:00 ends on Tuesday. `days` are whole calendar days at the same time of day.

# Note [Clock changes]
A wall-clock time that the spring change skips counts as the moment of the change; one that the
autumn change repeats counts as its first occurrence when a window opens, and as its last when it
closes. A window that a change leaves empty is no window that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: No rollout lasts longer than ten years.
_HORIZON_DAYS: Final = 3660


class Milestone(StrEnum):
    """What the days of a policy are counted from."""

    NOTICE = "notice"
    PILOT_END = "pilot_end"


@dataclass(frozen=True, slots=True)
class ActivationHours:
    """The hours of a night, or of a day, in which hubs may activate: from the first up to the last."""

    days: tuple[str, ...]
    opens: time
    closes: time

    def on(self, day: date) -> tuple[datetime, datetime] | None:
        """Return the UTC times between which the window of one day is open; None where it is not."""
        if DAYS[day.weekday()] not in self.days:
            return None
        last_day = day if self.closes > self.opens else day + timedelta(days=1)
        start = _instant(day, self.opens, is_last=False)
        end = _instant(last_day, self.closes, is_last=True)
        return (start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class TimePolicy:
    """When what a rule approves is to activate."""

    after: Milestone
    days: int
    window: ActivationHours | None = None
    #: Hubs a night at most; the rest wait for the nights that follow. None: all at once.
    per_night: int | None = None
    #: Which hubs go on which night.
    seed: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """Return the policy as JSON."""
        window = self.window and {
            "days": list(self.window.days),
            "from": f"{self.window.opens:%H:%M}",
            "to": f"{self.window.closes:%H:%M}",
        }
        return {
            "after": str(self.after),
            "days": self.days,
            "window": window,
            "per_night": self.per_night,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Milestones:
    """When a rollout reached what a policy counts from; None where it has not, or never will."""

    notified_at: datetime
    pilot_ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Night:
    """One time of activation, and how many hubs it takes."""

    at: datetime
    hubs: int


@dataclass(frozen=True, slots=True)
class NightPlan:
    """The nights that hubs are spread over, in order, and how many hubs no night was left for."""

    nights: tuple[Night, ...]
    left_over: int


def activation_time(policy: TimePolicy, milestones: Milestones, *, now: datetime) -> datetime | None:
    """Return the first time, not before now, that the policy allows.

    None while the milestone it counts from has not been reached: the rule waits.
    """
    return next(_times(policy, milestones, now=now), None)


def plan_nights(
    policy: TimePolicy, milestones: Milestones, *, hubs: int, now: datetime, until: datetime
) -> NightPlan:
    """Spread hubs over the nights the policy allows, each full but the last.

    Nights at or after `until` (the automatic activation) are no use; hubs that none is left for
    are counted, and stay with DCC's date.
    """
    cap = policy.per_night or hubs
    wanted = -(-hubs // cap) if cap else 0
    nights = []
    left = hubs
    for at in islice(_times(policy, milestones, now=now), wanted):
        if at >= until:
            break
        nights.append(Night(at=at, hubs=min(cap, left)))
        left -= nights[-1].hubs
    return NightPlan(tuple(nights), left_over=left)


def _times(policy: TimePolicy, milestones: Milestones, *, now: datetime) -> Iterator[datetime]:
    """Go through the times the policy allows: one a night, for ever."""
    is_notice = policy.after is Milestone.NOTICE
    reached_at = milestones.notified_at if is_notice else milestones.pilot_ended_at
    if reached_at is None:
        return
    local = reached_at.astimezone(LONDON)
    waited = _instant(local.date() + timedelta(days=policy.days), local.time(), is_last=bool(local.fold))
    earliest = max(waited, now.astimezone(UTC))
    if policy.window is None:
        yield earliest
        local = earliest.astimezone(LONDON)
        for further in range(1, _HORIZON_DAYS):
            yield _instant(local.date() + timedelta(days=further), local.time(), is_last=bool(local.fold))
        return
    # The window of the day before may still be open.
    first = earliest.astimezone(LONDON).date() - timedelta(days=1)
    for further in range(_HORIZON_DAYS):
        if (opened := policy.window.on(first + timedelta(days=further))) and opened[1] > earliest:
            yield max(opened[0], earliest)


def _instant(day: date, at: time, *, is_last: bool) -> datetime:
    """Return the UTC time of a wall-clock time in London. See Note [Clock changes]."""
    wall = datetime.combine(day, at.replace(fold=0), tzinfo=LONDON)
    first, last = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if first <= last:
        return last if is_last else first
    # Skipped: the first reading lies behind the change, the last before it, an offset apart.
    return _change_between(last, first)


def _change_between(before: datetime, after: datetime) -> datetime:
    offset = after.astimezone(LONDON).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(LONDON).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
