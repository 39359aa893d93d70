"""The geometry of the portal's charts: values in, positions out; the templates draw them as SVG.

Everything is drawn on a field of 1000 by 1000 stretched to its box, so that lines stay crisp and the words
around it, which are HTML, keep their size on a telephone. Nothing here knows colours but by class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from portal.kernel.presentation.moments import duration, long_date, short_date, since
from portal.kernel.presentation.numbers import compact, share
from portal.kernel.presentation.states import KINDS, StateLook, look_of
from portal.kernel.working_days import local

#: The side of the field.
FIELD: Final = 1000
#: The least width of a slice that is not empty: one failure among millions must be seen.
_LEAST: Final = 8


@dataclass(frozen=True, slots=True)
class Segment:
    """So many hubs in this state; `url` leads to the list behind the count."""

    state: object
    count: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """A segment, measured."""

    look: StateLook
    count: int
    share: str
    url: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class StateBar:
    """A whole bar."""

    slices: tuple[Slice, ...]
    total: int

    @property
    def in_words(self) -> str:
        """Return the text alternative of the bar."""
        return ", ".join(f"{piece.count:,} {piece.look.word.lower()}" for piece in self.slices) or "no hubs"


def state_bar(segments: Iterable[Segment], *, kind: str = "target") -> StateBar:
    """Lay the segments out in the order of the states' own table; equal states are added up."""
    counts: dict[str, int] = {}
    looks: dict[str, StateLook] = {}
    urls: dict[str, str] = {}
    for segment in segments:
        look = look_of(segment.state, kind=kind)
        looks[look.name] = look
        counts[look.name] = counts.get(look.name, 0) + segment.count
        urls.setdefault(look.name, segment.url)
    present = [name for name in KINDS[kind] if counts.get(name)]
    widths = widths_of([counts[name] for name in present])
    total = sum(counts.values())
    slices: list[Slice] = []
    x = 0
    for name, width in zip(present, widths, strict=True):
        slices.append(Slice(looks[name], counts[name], share(counts[name], total), urls[name], x, width))
        x += width
    return StateBar(tuple(slices), total)


def widths_of(counts: Sequence[int], *, field: int = FIELD) -> list[int]:
    """Share the field out in proportion, with a least width, and without losing a unit to rounding."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    widths = [max(_LEAST, round(field * count / total)) if count else 0 for count in counts]
    widest = widths.index(max(widths))
    widths[widest] += field - sum(widths)
    return widths


def spark_bars(values: Sequence[int], *, width: int = 140, height: int = 20) -> list[tuple[int, int, int]]:
    """Lay numbers out as small bars on one floor: place, top and height of each that is not nothing."""
    top, pitch = max([1, *values]), width // max(1, len(values))
    tall = [max(2, round(height * value / top)) if value else 0 for value in values]
    return [(place * pitch, height - bar, bar) for place, bar in enumerate(tall) if bar]


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """So many hubs done by this moment."""

    at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, in percent of it."""

    place: int
    label: str


@dataclass(frozen=True, slots=True)
class CurveChart:
    """A cumulative curve with its forecast, deadline and today, measured."""

    line: str
    area: str
    forecast: str
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    total_y: int
    now: Tick | None
    deadline: Tick | None
    points: tuple[ChartPoint, ...]
    forecast_points: tuple[ChartPoint, ...]
    total: int
    verdict: str
    is_late: bool


def curve(
    points: Sequence[ChartPoint],
    *,
    forecast: Sequence[ChartPoint] = (),
    total: int,
    deadline: datetime | None,
    now: datetime,
) -> CurveChart:
    """Measure a cumulative curve towards `total`; `forecast` goes on from the last point."""
    moments = [point.at for point in (*points, *forecast)] + [deadline or now, now]
    start, end = min(moments), max(moments)
    frame = _Frame(start, max(end, start + timedelta(hours=1)), max(total, *(p.value for p in points), 1))
    line = frame.path(points)
    onwards = frame.path((*points[-1:], *forecast)) if forecast else ""
    is_late, verdict = _verdict(forecast, total=total, deadline=deadline)
    return CurveChart(
        line=line,
        area=f"{line} V{FIELD} H{frame.x(points[0].at)} Z" if points else "",
        forecast=onwards,
        y_ticks=frame.y_ticks(),
        x_ticks=frame.x_ticks(),
        total_y=frame.y(total),
        now=Tick(frame.percent(now), "Today"),
        deadline=Tick(frame.percent(deadline), "Deadline") if deadline else None,
        points=tuple(points),
        forecast_points=tuple(forecast),
        total=total,
        verdict=verdict,
        is_late=is_late,
    )


def _verdict(forecast: Sequence[ChartPoint], *, total: int, deadline: datetime | None) -> tuple[bool, str]:
    done = next((point.at for point in forecast if point.value >= total), None)
    if not forecast:
        return False, ""
    if deadline is None:
        return False, f"Forecast: done by {long_date(done)}." if done else ""
    if done is None:
        short = total - max((p.value for p in forecast if p.at <= deadline), default=0)
        return True, f"Forecast: {short:,} hubs short at the deadline."
    if done == deadline:
        return False, f"Forecast: done at the deadline, {long_date(done)}."
    if done > deadline:
        return True, f"Forecast: done {long_date(done)}, {duration(done - deadline)} after the deadline."
    return False, f"Forecast: done {long_date(done)}, {duration(deadline - done)} before the deadline."


@dataclass(frozen=True, slots=True)
class _Frame:
    """What maps moments and values onto the field."""

    start: datetime
    end: datetime
    top: int

    def percent(self, at: datetime) -> int:
        return round(100 * (at - self.start) / (self.end - self.start))

    def x(self, at: datetime) -> int:
        return round(FIELD * (at - self.start) / (self.end - self.start))

    def y(self, value: int) -> int:
        return round(FIELD * (1 - value / (self.ceiling)))

    @property
    def ceiling(self) -> int:
        step = round_step(self.top)
        return step * -(-self.top // step)

    def path(self, points: Sequence[ChartPoint]) -> str:
        return "M" + " L".join(f"{self.x(p.at)} {self.y(p.value)}" for p in points) if points else ""

    def y_ticks(self) -> tuple[Tick, ...]:
        step = round_step(self.top)
        return tuple(
            Tick(round(100 * value / self.ceiling), compact(value))
            for value in range(0, self.ceiling + 1, step)
        )

    def x_ticks(self) -> tuple[Tick, ...]:
        span = self.end - self.start
        form = "%H:%M" if span < timedelta(days=2) else ""
        marks = [self.start + span * quarter / 4 for quarter in range(5)]
        labels = [f"{local(mark):{form}}" if form else short_date(mark) for mark in marks]
        return tuple(Tick(25 * place, label) for place, label in enumerate(labels))


def round_step(top: int) -> int:
    """Choose a round step that divides an axis into two to five parts."""
    size: int = 10 ** max(0, len(str(top)) - 1)
    for part in (size // 5, size // 4, size // 2, size, size * 2):
        if part and top / part <= 5:  # noqa: PLR2004 - more lines than that are noise
            return part
    return max(1, size * 2)


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One date of a timeline as it stands today."""

    label: str
    at: datetime | None
    note: str
    icon: str
    url: str
    #: past, next (the first one ahead), ahead or open (no date yet)
    standing: str
    #: How far away it is, in words.
    away: str
    #: Whether today's mark comes just before this step when the steps are listed.
    is_after_today: bool
    #: Where it is on the rail, in percent of the time it covers; None without a date.
    place: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Dates in order, and where today is on a rail on which equal lengths are equal times, in percent."""

    steps: tuple[TimelineStep, ...]
    today: int
    is_over: bool


def timeline(points: Sequence[Mapping[str, Any]], *, now: datetime) -> Timeline:
    """Put dates and today on one rail in proportion to time; dates that are open follow without a place."""
    dated = sorted((point for point in points if point.get("at")), key=lambda point: point["at"])
    ordered = [*dated, *(point for point in points if not point.get("at"))]
    gone = sum(1 for point in dated if point["at"] <= now)
    moments = [now, *(point["at"] for point in dated)]
    rail = _Frame(min(moments), max(*moments, min(moments) + timedelta(hours=1)), 1)
    steps = [
        _step_of(point, order=order, gone=gone, now=now, rail=rail) for order, point in enumerate(ordered)
    ]
    return Timeline(tuple(steps), rail.percent(now), gone == len(ordered))


def _step_of(point: Mapping[str, Any], *, order: int, gone: int, now: datetime, rail: _Frame) -> TimelineStep:
    at: datetime | None = point.get("at")
    if at is None:
        standing = "open"
    elif order < gone:
        standing = "past"
    else:
        standing = "next" if order == gone else "ahead"
    return TimelineStep(
        label=str(point["label"]),
        at=at,
        note=str(point.get("note", "")),
        icon=str(point.get("icon", "")),
        url=str(point.get("url", "")),
        standing=standing,
        away=since(at, now=now) if at else "",
        is_after_today=order == gone,
        place=rail.percent(at) if at else None,
    )
