"""From what queries answer to what components draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.urls import reverse

from portal.kernel.presentation.charts import Segment
from portal.kernel.working_days import local_day
from rollouts.queries.rollouts.dashboard import Flight
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


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One region of a calendar of volumes."""

    region: str
    cells: Sequence[int]
    total: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Volumes by region and day, ready for a table."""

    days: Sequence[date]
    rows: Sequence[CalendarRow]
    top: int
    left_out: int
    """Days beyond those shown."""


def flight_rows(flights: Iterable[Flight]) -> list[FlightRow]:
    """Prepare rollouts for their table."""
    return [
        FlightRow(
            flight=flight,
            url=reverse("rollouts:detail", args=[flight.id]),
            segments=segments(flight.states),
            severity_tone=SEVERITY_TONES.get(flight.severity, "neutral"),
            hubs_url=reverse("rollouts:hubs", args=[flight.id]),
        )
        for flight in flights
    ]


def from_today(days: Mapping[date, Mapping[str, int]], *, now: datetime) -> dict[date, dict[str, int]]:
    """Put what is overdue on today: it happens as soon as it can."""
    today, gathered = local_day(now), dict[date, Counter[str]]()
    for day, counts in sorted(days.items()):
        gathered.setdefault(max(day, today), Counter()).update(counts)
    return {day: dict(counts) for day, counts in gathered.items()}


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
        CalendarRow(str(region.label), [days.get(day, 0) for day in shown], sum(days.values()))
        for region, days in volumes.items()
    ]
    top = max((cell for row in rows for cell in row.cells), default=0)
    return Calendar(shown, rows, top, len(every_day) - len(shown))
