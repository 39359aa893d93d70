"""Charts of the evidence as plain shapes, so that a page and a printed document draw the same. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from rollouts.rules.rates import Rate

WIDTH: Final = 680
_DAY: Final = timedelta(days=1)
_NEVER: Final = date(2000, 1, 1)
_LABELS: Final = 200
_FIGURES: Final = 130
_ROW: Final = 26
_INK, _GREY, _GOOD, _BAD, _SOFT = "#0b0c0c", "#b1b4b6", "#00703c", "#d4351c", "#505a5f"


@dataclass(frozen=True, slots=True)
class LineShape:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = _INK
    width: float = 1


@dataclass(frozen=True, slots=True)
class DotShape:
    """A filled circle."""

    x: float
    y: float
    r: float
    colour: str = _INK


@dataclass(frozen=True, slots=True)
class TextShape:
    """A piece of text; y is its base line."""

    x: float
    y: float
    text: str
    colour: str = _INK
    is_end: bool = False


Shape = LineShape | DotShape | TextShape


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes on a field; y grows downwards. `says` is the chart in words, for those who do not see it."""

    title: str
    says: str
    height: float
    shapes: tuple[Shape, ...]
    width: float = WIDTH


def intervals(title: str, rows: Sequence[tuple[str, Rate]], *, limit: float | None = None) -> Drawing:
    """Draw rates with their 95% intervals, a row each, on one scale from 0; `limit` is a threshold."""
    shown = [(label, rate) for label, rate in rows if rate.sample]
    top = max([rate.upper for _, rate in shown] + [limit or 0, 0.01])
    left, right = _LABELS, WIDTH - _FIGURES
    shapes: list[Shape] = []
    for number, (label, rate) in enumerate(shown):
        y = _ROW * (number + 0.5) + 6
        shapes += [
            TextShape(0, y + 4, label[:34]),
            LineShape(left, y, right, y, _GREY, 0.5),
            LineShape(_at(rate.lower, top, left, right), y, _at(rate.upper, top, left, right), y, _INK, 3),
            DotShape(_at(rate.share or 0, top, left, right), y, 5, _BAD),
            TextShape(WIDTH, y + 4, f"{100 * (rate.share or 0):.1f}% of {rate.sample:,}", is_end=True),
        ]
    height = _ROW * max(len(shown), 1) + 24
    shapes += [
        TextShape(left, height - 6, "0%", _SOFT),
        TextShape(right, height - 6, f"{100 * top:.1f}%", _SOFT, is_end=True),
    ]
    if limit is not None:
        x = _at(limit, top, left, right)
        shapes += [
            LineShape(x, 0, x, height - 20, _BAD, 1),
            TextShape(x + 3, height - 6, f"limit {100 * limit:.1f}%", _BAD),
        ]
    description = "; ".join(
        f"{label}: {rate.hits:,} of {rate.sample:,}, 95% between {100 * rate.lower:.1f}"
        f" and {100 * rate.upper:.1f}%"
        for label, rate in shown
    )
    return Drawing(title, description or "No hub has settled.", height, tuple(shapes))


def course(title: str, days: Sequence[tuple[date, int, int]]) -> Drawing:
    """Draw two sums over time, from nothing: hubs that activated, and hubs that failed; a point a day."""
    height, left, right, bottom = 200.0, 60.0, float(WIDTH - 20), 170.0
    shapes: list[Shape] = [
        LineShape(left, bottom, right, bottom, _GREY),
        LineShape(left, 10, left, bottom, _GREY),
    ]
    sums = _summed(days)
    done, failed = sums[-1]
    top = max(done, failed, 1)
    begins, ends = (days[0][0] - _DAY, days[-1][0]) if days else (_NEVER, _NEVER + _DAY)
    whens = [begins, *(day for day, _, _ in days)]
    across = [left + (right - left) * (when - begins) / (ends - begins) for when in whens]
    for which, word, colour in ((0, "activated", _GOOD), (1, "failed", _BAD)):
        points = [
            (x, bottom - (bottom - 10) * each[which] / top) for x, each in zip(across, sums, strict=True)
        ]
        shapes += [LineShape(x1, y1, x2, y2, colour, 2) for (x1, y1), (x2, y2) in pairwise(points)]
        shapes += [DotShape(x, y, 2.5, colour) for x, y in points]
        y = points[-1][1]
        # Under its line, or over it where the dates are below.
        place = y + 28 if y < bottom - 2 * _ROW else y - 8
        shapes.append(TextShape(right - 6, place, f"{sums[-1][which]:,} {word}", colour, is_end=True))
    if days:
        shapes += [
            TextShape(left, 190, _day_words(begins)),
            TextShape(right, 190, _day_words(ends), is_end=True),
        ]
    shapes += [
        TextShape(left - 6, 20, f"{top:,}", is_end=True),
        TextShape(left - 6, bottom, "0", is_end=True),
    ]
    until = f", by {_day_words(ends)}" if days else ""
    return Drawing(title, f"{done:,} hubs activated, {failed:,} have failed{until}.", height, tuple(shapes))


def _day_words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _summed(days: Sequence[tuple[date, int, int]]) -> list[tuple[int, int]]:
    done = failed = 0
    return [(0, 0), *((done := done + day, failed := failed + two) for _, day, two in days)]


def _at(value: float, top: float, left: float, right: float) -> float:
    return round(left + (right - left) * value / top, 2)
