"""From what queries answer to what components draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.urls import reverse
from django.utils.http import urlencode

from portal.kernel.presentation.charts import Segment
from portal.kernel.working_days import local_day
from rollouts.queries.rollouts.dashboard import Flight
from rollouts.queries.rollouts.progress import TimeReason
from rollouts.states import Region
from rollouts.web.wording import SEVERITY_TONES, segments

_MOST_DAYS: Final = 31


@dataclass(frozen=True, slots=True)
class FlightRow:
    """One rollout in a table."""

    flight: Flight
    url: str
    segments: Sequence[Segment]
    severity_tone: str
    hubs_url: str = ""
    trend: Sequence[int] = ()
    """Hubs that activated on each of the last days."""


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One region of a calendar of volumes, and where the hubs of each cell are listed."""

    region: str
    cells: Sequence[int]
    total: int
    urls: Sequence[str] = ()

    @property
    def listed(self) -> list[tuple[int, str]]:
        """Each number with its list."""
        return list(zip(self.cells, self.urls, strict=True))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Volumes by region and day, ready for a table."""

    days: Sequence[date]
    rows: Sequence[CalendarRow]
    top: int
    left_out: int
    """Days beyond those shown."""


def flight_rows(flights: Iterable[Flight], trends: Mapping[int, Sequence[int]]) -> list[FlightRow]:
    """Prepare rollouts for their table."""
    return [
        FlightRow(
            flight=flight,
            url=reverse("rollouts:detail", args=[flight.id]),
            segments=segments(flight.states),
            severity_tone=SEVERITY_TONES.get(flight.severity, "neutral"),
            hubs_url=reverse("rollouts:hubs", args=[flight.id]),
            trend=trends.get(flight.id, ()),
        )
        for flight in flights
    ]


def from_today(days: Mapping[date, Mapping[str, int]], *, now: datetime) -> dict[date, dict[str, int]]:
    """Put what is overdue on today: it happens as soon as it can."""
    today, gathered = local_day(now), dict[date, Counter[str]]()
    for day, counts in sorted(days.items()):
        gathered.setdefault(max(day, today), Counter()).update(counts)
    return {day: dict(counts) for day, counts in gathered.items()}


def day_urls(
    days: Mapping[date, Mapping[str, int]], *, hubs_url: str, now: datetime
) -> dict[date, dict[str, str]]:
    """Return where the hubs of a rollout are listed by day: all under "", and those of each reason."""
    if not hubs_url:
        return {}
    return {
        day: {key: f"{hubs_url}?{day_query(day, now=now, reason=key)}" for key in ("", *TimeReason)}
        for day in days
    }


def day_query(day: date, *, now: datetime, region: Region | None = None, reason: str = "") -> str:
    """Return the filter of a rollout's hubs that lists those of a day."""
    # What is overdue is counted today, so that today's list has no first day.
    first = {} if day <= local_day(now) else {"activates_from": day.isoformat()}
    within = {"region": str(int(region))} if region else {}
    because = {"time_reason": str(reason)} if reason else {}
    return urlencode({"state": "MOVING", **within, **first, "activates_to": day.isoformat(), **because})


def day_url(day: date, region: Region | None = None, *, reason: str = "") -> str:
    """Return where the hubs that activate on a day are listed, of all rollouts together."""
    within = {"region": str(int(region))} if region else {}
    because = {"time_reason": str(reason)} if reason else {}
    return f"{reverse('rollouts:day')}?{urlencode({'day': day.isoformat(), **within, **because})}"


def all_day_urls(days: Iterable[date]) -> dict[date, dict[str, str]]:
    """Return where the hubs of each day are listed: all under "", and those of each reason."""
    return {day: {key: day_url(day, reason=key) for key in ("", *TimeReason)} for day in days}


def calendar_of(planned: Mapping[Region, Mapping[date, int]], *, now: datetime) -> Calendar:
    """Lay volumes out by day, for the first month of days on which anything happens; overdue is today."""
    today = local_day(now)
    volumes: dict[Region, Counter[date]] = {}
    for region, days in planned.items():
        volumes[region] = Counter()
        for day, hubs in days.items():
            volumes[region][max(day, today)] += hubs
    every_day = sorted({day for days in volumes.values() for day in days})
    shown = every_day[:_MOST_DAYS]
    rows = [
        CalendarRow(
            str(region.label),
            [days.get(day, 0) for day in shown],
            sum(days.values()),
            [day_url(day, region) for day in shown],
        )
        for region, days in volumes.items()
    ]
    top = max((cell for row in rows for cell in row.cells), default=0)
    return Calendar(shown, rows, top, len(every_day) - len(shown))
