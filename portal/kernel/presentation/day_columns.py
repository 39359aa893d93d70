"""Stacked columns by day: values in, positions and links out, on the field of the other charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from portal.kernel.presentation.charts import FIELD, Tick, round_step
from portal.kernel.presentation.moments import long_date, short_date
from portal.kernel.presentation.numbers import compact

#: The least width of a column: one day of half a year must be seen.
_LEAST_COLUMN: Final = 4
#: Half the width of a link that a finger meets.
_FINGER: Final = 16


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a column chart: its key in the data, its word, its class (`series--…`)."""

    key: str
    word: str
    css: str


@dataclass(frozen=True, slots=True)
class Block:
    """One coloured piece of a column, in units of the field from the top."""

    css: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """One day: its stacked pieces, the numbers behind them, and the lists behind those."""

    label: str
    on: date
    x: int
    width: int
    target: tuple[int, int]
    """Where its link begins and how wide it is: as wide as a finger, or up to half way to its neighbours."""
    blocks: tuple[Block, ...]
    values: tuple[int, ...]
    total: int
    url: str
    """Where the hubs of the whole day are listed; empty where they are not."""
    urls: tuple[str, ...]
    """Where those of each series are listed."""
    words: str
    """The numbers in words: the name of the column's link."""

    @property
    def cells(self) -> list[tuple[int, str]]:
        """Each number with its list; nothing is listed for none."""
        return [(value, url if value else "") for value, url in zip(self.values, self.urls, strict=True)]


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart of stacked columns by day, measured."""

    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    total: int


def columns(
    days: Mapping[date, Mapping[str, int]],
    *,
    series: Sequence[Series],
    urls: Mapping[date, Mapping[str, str]] | None = None,
) -> Columns:
    """Measure stacked columns, one a day given: a day is a day wide, and days without hubs leave a gap.

    `urls` says by day and key of a series where its hubs are listed; under "" all of the day.
    """
    ordered = sorted(days)
    totals = {day: sum(days[day].get(each.key, 0) for each in series) for day in ordered}
    top = max([1, *totals.values()])
    step = round_step(top)
    ceiling = step * -(-top // step)
    span = (ordered[-1] - ordered[0]).days + 1 if ordered else 1
    pitch = FIELD / span
    drawn: list[Column] = []
    targets = _targets([round((day - ordered[0]).days * pitch + pitch / 2) for day in ordered], days=ordered)
    for day in ordered:
        values = tuple(days[day].get(each.key, 0) for each in series)
        blocks = _blocks(values, series=series, ceiling=ceiling)
        x = round((day - ordered[0]).days * pitch + pitch * 0.12)
        width = max(_LEAST_COLUMN, round(pitch * 0.76))
        lists = (urls or {}).get(day, {})
        drawn.append(
            Column(
                label=short_date(day),
                on=day,
                x=x,
                width=width,
                target=targets[day],
                blocks=blocks,
                values=values,
                total=totals[day],
                url=lists.get("", ""),
                urls=tuple(lists.get(each.key, "") for each in series),
                words=_column_words(day, values, series=series),
            )
        )
    y_ticks = tuple(Tick(round(100 * v / ceiling), compact(v)) for v in range(0, ceiling + 1, step))
    x_ticks = tuple(
        Tick(round((place + 0.5) * pitch / 10), short_date(ordered[0] + timedelta(days=place)))
        for place in (range(0, span, -(-span // 6)) if ordered else ())
    )
    return Columns(tuple(series), tuple(drawn), y_ticks, x_ticks, sum(totals.values()))


def _targets(middles: Sequence[int], *, days: Sequence[date]) -> dict[date, tuple[int, int]]:
    bounds = [-_FINGER, *middles, FIELD + _FINGER]
    targets = {}
    for day, before, middle, after in zip(days, bounds, middles, bounds[2:], strict=False):
        left = max(middle - _FINGER, (before + middle) // 2, 0)
        right = min(middle + _FINGER, (middle + after) // 2, FIELD)
        targets[day] = (left, right - left)
    return targets


def _column_words(day: date, values: Sequence[int], *, series: Sequence[Series]) -> str:
    parts = [f"{each.word} {value:,}" for value, each in zip(values, series, strict=True) if value]
    return f"{long_date(day)}: {', '.join(parts) or 'none'}"


def _blocks(values: Sequence[int], *, series: Sequence[Series], ceiling: int) -> tuple[Block, ...]:
    blocks: list[Block] = []
    floor = FIELD
    for value, each in zip(values, series, strict=True):
        if value:
            height = max(4, round(FIELD * value / ceiling))
            floor = max(0, floor - height)
            blocks.append(Block(each.css, floor, height))
    return tuple(blocks)
