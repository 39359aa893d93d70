"""When a hub activates whose time nobody chose to the minute: at night, spread, and no faster than the ramp.

Activation restarts a hub: the home's network is down, and prepayment top-ups wait (R3.12). `plan_commands`
applies these rules to millions of hubs; a property test holds the two equal. Values in, answer out: no
database and no clock; hours are those of Europe/London, moments UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from portal.kernel.working_days import local
from rollouts.rules.criteria.timing import DAYS, ActivationHours
from rollouts.rules.pacing import Ramp

DEFAULT_HOURS: Final = ActivationHours(DAYS, time(22), time(6))
AT_LEAST: Final = timedelta(hours=1)
"""Hours shorter than this would bring very many hubs down at once."""
GRACE: Final = timedelta(minutes=15)
"""A chosen time that passed no longer ago than this is met still."""
NOTICE: Final = timedelta(hours=1)
"""How long ahead of its slot a command is planned at the least: it has to reach the hub."""
SLOT: Final = timedelta(minutes=15)
_SLOTS_AN_HOUR: Final = 4
_NIGHTS_LOOKED_AT: Final = 7
_NO_LIMIT: Final = 2**40

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Slot:
    """A quarter of an hour in which hubs of one class activate: those whose fraction lies below `until`."""

    at: datetime
    until: float


@dataclass(frozen=True, slots=True)
class ActivationNight:
    """The hours of one night: the first `hubs` that no earlier night has taken, spread over its slots."""

    hubs: int
    slots: tuple[Slot, ...]

    def slot_of(self, fraction: float) -> datetime:
        """Return the slot of a hub, by a number from 0 to 1 that belongs to it."""
        return next((slot.at for slot in self.slots if fraction < slot.until), self.slots[-1].at)


def read_hours(document: Mapping[str, Any] | None) -> ActivationHours:
    """Read `{"from": "22:00", "to": "06:00", "days": ["mon", …]}`; none is the default."""
    if not document:
        return DEFAULT_HOURS
    return ActivationHours(
        days=tuple(document.get("days") or DAYS),
        opens=time.fromisoformat(document["from"]),
        closes=time.fromisoformat(document["to"]),
    )


def hours_document(hours: ActivationHours) -> dict[str, Any]:
    """Return hours as they are stored."""
    days = {} if hours.days == DAYS else {"days": list(hours.days)}
    return {"from": f"{hours.opens:%H:%M}", "to": f"{hours.closes:%H:%M}", **days}


def is_within(at: datetime, hours: ActivationHours) -> bool:
    """Return whether a moment lies in the hours; the night of yesterday may still be open."""
    return any(start <= at < end for start, end in islice(_intervals(hours, since=at), 2))


def is_chosen(
    effective_at: datetime, *, automatic_at: datetime, instructed: Sequence[datetime | None]
) -> bool:
    """Return whether DCC or a Supplier has named this very minute."""
    return effective_at == automatic_at or effective_at in instructed


def is_kept(effective_at: datetime, *, chosen: bool, now: datetime) -> bool:
    """Return whether a hub activates at its time as it stands, within the hours or not."""
    return chosen and effective_at >= now - GRACE


def is_due(effective_at: datetime, *, chosen: bool, lead_until: datetime, now: datetime) -> bool:
    """Return whether an activation is to be sent: a chosen time a lead ahead, any other when it has come."""
    return effective_at <= (lead_until if chosen else now)


def nights(
    hours: ActivationHours,
    *,
    now: datetime,
    own: Sequence[ActivationHours] = (),
    ramp: Ramp | None = None,
    ramp_since: datetime | None = None,
    taken: Mapping[datetime, int] | None = None,
) -> tuple[ActivationNight, ...]:
    """Return the nights ahead with their slots, from an hour after `now` on.

    `own` are the narrower hours that a hub's Suppliers keep, one after the other: they narrow each night, and
    have no say where they leave less than an hour of it. With a ramp a night takes as many hubs as the ramp
    lets begin in its hours, less those `taken` by commands already; without one, the first night takes all.
    """
    planned = []
    since = now + NOTICE
    for night in islice(_intervals(hours, since=since), _NIGHTS_LOOKED_AT):
        limits = {at: _limit(at, ramp, since=ramp_since or now) for at in _quarters(night, since=since)}
        for at, hubs in (taken or {}).items():
            quarter = max((start for start in limits if start <= at), default=None)
            if quarter is not None and at < night[1]:
                limits[quarter] = max(limits[quarter] - hubs, 0)
        hubs = _NO_LIMIT if ramp is None else int(sum(limits.values()))
        if hubs < 1:
            continue
        narrowed = _narrowed((max(night[0], since), night[1]), own)
        weights = {at: limits.get(at, 1.0) for at in _quarters(narrowed, since=since)}
        planned.append(ActivationNight(hubs, _shares(weights)))
        if ramp is None:
            break
    return tuple(planned)


def next_night(hours: ActivationHours, *, now: datetime, own: Sequence[ActivationHours] = ()) -> Interval:
    """Return the first night from which a hub can still be reached: from when on, and until when."""
    since = now + NOTICE
    start, end = next(_intervals(hours, since=since))
    return _narrowed((max(start, since), end), own)


def hours_words(hours: ActivationHours) -> str:
    """Return hours: 22:00 to 06:00, or 22:00 to 06:00 on the nights of Mon, Tue."""
    words = f"{hours.opens:%H:%M} to {hours.closes:%H:%M}"
    days = ", ".join(day.capitalize() for day in DAYS if day in hours.days)
    return words if hours.days == DAYS else f"{words} on the nights of {days}"


def night_of(rank: int, nights: Sequence[ActivationNight]) -> ActivationNight | None:
    """Return the night that has room for the hub of a rank, counted from 0; None where it must wait still."""
    for night in nights:
        if rank < night.hubs:
            return night
        rank -= night.hubs
    return None


def is_missed(at: datetime, *, now: datetime) -> bool:
    """Return whether the time of a command has passed while it waited to be sent."""
    return at < now - GRACE


def next_time(missed: datetime, hours: ActivationHours, *, now: datetime, key: int) -> datetime:
    """Return when a command goes that missed its time: at the same time of day on a later night.

    Where the hours do not hold that time of day, its key places it somewhere in the first that are left.
    """
    since = now + NOTICE
    wall = local(missed)
    for start, end in islice(_intervals(hours, since=since), _NIGHTS_LOOKED_AT):
        for day in sorted({local(start).date(), local(end).date()}):
            at = datetime.combine(day, wall.time(), tzinfo=wall.tzinfo).astimezone(UTC)
            if max(start, since) <= at < end:
                return at
    night = next(_intervals(hours, since=since))
    quarters = list(_quarters(night, since=since))
    return quarters[key % len(quarters)]


def _limit(at: datetime, ramp: Ramp | None, *, since: datetime) -> float:
    return 1.0 if ramp is None else ramp.allowance(since=since, now=at) / _SLOTS_AN_HOUR


def _quarters(interval: Interval, *, since: datetime) -> Iterator[datetime]:
    at = max(interval[0], since).replace(second=0, microsecond=0)
    if at < max(interval[0], since):
        at += timedelta(minutes=1)
    if at >= interval[1]:
        at = max(interval[0], since)
    while at < interval[1]:
        yield at
        at += SLOT


def _shares(weights: Mapping[datetime, float]) -> tuple[Slot, ...]:
    total = sum(weights.values())
    if total <= 0:  # the ramp has nothing left in the Supplier's own hours, and something in the others
        weights, total = dict.fromkeys(weights, 1.0), float(len(weights))
    slots, reached = [], 0.0
    for at, weight in weights.items():
        reached += weight
        slots.append(Slot(at, reached / total))
    return tuple(slots)


def _narrowed(night: Interval, own: Sequence[ActivationHours]) -> Interval:
    for hours in own:
        overlaps = [
            (max(night[0], start), min(night[1], end))
            for start, end in islice(_intervals(hours, since=night[0]), 3)
            if start < night[1]
        ]
        longest = max(overlaps, key=lambda each: each[1] - each[0], default=night)
        night = longest if longest[1] - longest[0] >= AT_LEAST else night
    return night


def _intervals(hours: ActivationHours, *, since: datetime) -> Iterator[Interval]:
    """Go through the hours that are not over at a moment, in order, for two months."""
    first = local(since).date() - timedelta(days=1)
    for further in range(62):
        opened = hours.on(first + timedelta(days=further))
        if opened is not None and opened[1] > since:
            yield opened
