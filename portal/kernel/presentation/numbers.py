"""Numbers as people read them: thousands with commas, shares that never round a failure away."""

from __future__ import annotations

from typing import Final

#: What stands where there is no number.
NOTHING: Final = "\N{EN DASH}"
_KIBI: Final = 1024


def grouped(n: int | float) -> str:
    """Write a number with commas: 1,234,567."""
    return f"{n:,}"


def compact(n: int) -> str:
    """Write a number for an axis: 950, 12k, 1.5m."""
    for size, suffix in ((1_000_000, "m"), (1_000, "k")):
        if n >= size:
            return f"{n / size:.4g}{suffix}"
    return str(n)


def share(part: int, total: int) -> str:
    """Write part of a whole as a percentage, where neither some nor nearly all is rounded away."""
    if not total:
        return NOTHING
    percent = 100 * part / total
    if part and percent < 0.1:  # noqa: PLR2004 - the smallest share one decimal can show
        return "<0.1%"
    if part < total and percent > 99.9:  # noqa: PLR2004
        return ">99.9%"
    return f"{percent:.1f}%" if percent % 1 else f"{percent:.0f}%"


def file_size(octets: int) -> str:
    """Write a size: 1.9 MB."""
    size = float(octets)
    for unit in ("bytes", "kB", "MB"):
        if size < _KIBI:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= _KIBI
    return f"{size:.1f} GB"


def count_of(n: int, singular: str, plural: str = "") -> str:
    """Write a number with its noun: 1 hub, 1,204 hubs."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"
