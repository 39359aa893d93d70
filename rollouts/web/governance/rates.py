"""Rates as people read them: share, interval, sample, and a bar that shows how sure one may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rollouts.rules.rates import Rate

_LEAST_TOP: Final = 0.05
_WIDTH: Final = 1000


@dataclass(frozen=True, slots=True)
class RateView:
    """A rate in words, and its places on a bar of a thousand."""

    share: str
    interval: str
    sample: str
    lower: int
    upper: int
    at: int
    limit: int | None
    is_high: bool


def percent(share: float) -> str:
    """Write a share: 4.2 %."""
    return f"{100 * share:.1f}%"


def scale_of(rates: Iterable[Rate], *, limit: float = 0.0) -> float:
    """Choose the end of a scale on which all of these can be told apart."""
    shares = [rate.share or 0.0 for rate in rates]
    return min(max([_LEAST_TOP, 2 * limit, *(1.6 * share for share in shares)]), 1.0)


def rate_view(
    rate: Rate, *, top: float, limit: float | None = None, is_high: bool = False
) -> RateView | None:
    """Draw one rate on a scale from 0 to `top`; None of an empty sample."""
    if rate.share is None:
        return None
    return RateView(
        share=percent(rate.share),
        interval=f"{100 * rate.lower:.1f} to {percent(rate.upper)}",
        sample=f"{rate.hits:,} of {rate.sample:,}",
        lower=_place(rate.lower, top),
        upper=_place(rate.upper, top),
        at=_place(rate.share, top),
        limit=None if limit is None else _place(limit, top),
        is_high=is_high,
    )


def _place(share: float, top: float) -> int:
    return round(_WIDTH * min(share / top, 1.0))
