"""What a measure yields, how it is printed, and how it is kept."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, the bare statement's beside it, and what the value is to reach."""

    name: str
    value: float
    unit: str
    runs: int
    bare: float | None = None
    ratio: float | None = None
    reach: str = ""
    is_reached: bool = True
    note: str = ""

    def document(self, *, hubs: int) -> dict[str, object]:
        """Return what is kept of it."""
        return {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "bare": _rounded(self.bare),
            "ratio": _rounded(self.ratio),
            "hubs": hubs,
            "runs": self.runs,
        }


@dataclass(slots=True)
class Seconds:
    """The times of one piece of work, run several times; its median speaks for it."""

    taken: list[float] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time the block, and count it as a run."""
        began = time.perf_counter()
        yield
        self.taken.append(time.perf_counter() - began)

    @property
    def median(self) -> float:
        """The median of all runs."""
        return statistics.median(self.taken)

    @property
    def runs(self) -> int:
        """How often it ran."""
        return len(self.taken)


def rate(
    name: str,
    unit: str,
    *,
    rows: float,
    ours: Seconds,
    bare: Seconds | None = None,
    at_least: float = 0.0,
    ratio_at_most: float = math.inf,
    note: str = "",
) -> Figure:
    """Return rows a second; the ratio is our time over that of the bare statement."""
    ratio = ours.median / bare.median if bare else None
    wishes = [f"≥ {at_least:,.0f}"] if at_least else []
    wishes += [f"ratio ≤ {ratio_at_most:g}"] if ratio_at_most < math.inf else []
    return Figure(
        name=name,
        value=rows / ours.median,
        unit=unit,
        runs=ours.runs,
        bare=rows / bare.median if bare else None,
        ratio=ratio,
        reach=", ".join(wishes),
        is_reached=rows / ours.median >= at_least and (ratio or 0.0) <= ratio_at_most,
        note=note,
    )


def duration(
    name: str,
    *,
    ours: Seconds,
    bare: Seconds | None = None,
    at_most: float = math.inf,
    ratio_at_most: float = math.inf,
    note: str = "",
) -> Figure:
    """Return seconds."""
    ratio = ours.median / bare.median if bare else None
    wishes = [f"≤ {at_most:g} s"] if at_most < math.inf else []
    wishes += [f"ratio ≤ {ratio_at_most:g}"] if ratio_at_most < math.inf else []
    return Figure(
        name=name,
        value=ours.median,
        unit="s",
        runs=ours.runs,
        bare=bare.median if bare else None,
        ratio=ratio,
        reach=", ".join(wishes),
        is_reached=ours.median <= at_most and (ratio or 0.0) <= ratio_at_most,
        note=note,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all is no larger than."""
    ordered = sorted(values)
    return ordered[min(math.ceil(share * len(ordered)), len(ordered)) - 1]


def print_table(figures: Sequence[Figure], *, hubs: int, say: Callable[[str], None]) -> None:
    """Print the figures, one a line."""
    rows = [("measure", "value", "unit", "bare", "ratio", "runs", "reach", "")]
    rows += [
        (
            figure.name,
            _shown(figure.value),
            figure.unit,
            _shown(figure.bare),
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            str(figure.runs),
            figure.reach,
            " ".join(part for part in ("" if figure.is_reached else "MISSED", figure.note) if part),
        )
        for figure in figures
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    say(f"\n{hubs:,} hubs; medians")
    for row in rows:
        cells = (
            cell.rjust(width) if place in {1, 3, 4, 5} else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say("  ".join(cells).rstrip())


def keep(figures: Sequence[Figure], path: Path, *, hubs: int) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = [figure.document(hubs=hubs) for figure in figures]
    path.write_bytes(orjson.dumps(documents, option=orjson.OPT_INDENT_2) + b"\n")


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
