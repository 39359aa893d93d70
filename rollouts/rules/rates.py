"""A share of a sample, and how sure one may be of it: the Wilson score interval at 95 %."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

Z_95: Final = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many hits in a sample of so many. The sample is shown wherever the share is."""

    hits: int
    sample: int

    @property
    def share(self) -> float | None:
        """The plain share; None of an empty sample."""
        return self.hits / self.sample if self.sample else None

    @property
    def lower(self) -> float:
        """The Wilson lower bound at 95 %: 0 of an empty sample."""
        return self._bound(-1)

    @property
    def upper(self) -> float:
        """The Wilson upper bound at 95 %: 1 of an empty sample."""
        return self._bound(1)

    def document(self) -> dict[str, Any]:
        """Return the numbers as evidence carries them."""
        return {
            "hits": self.hits,
            "sample": self.sample,
            "share": None if self.share is None else round(self.share, 6),
            "lower": round(self.lower, 6),
            "upper": round(self.upper, 6),
        }

    def _bound(self, side: int) -> float:
        """Return one end of the interval.

        With p the share, n the sample and z the percentile:
        (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
        """
        if not self.sample:
            return 0.0 if side < 0 else 1.0
        if side < 0 and self.hits == 0:
            return 0.0  # exactly: the sums below leave a rounding error
        if side > 0 and self.hits == self.sample:
            return 1.0
        n, p, z2 = self.sample, self.hits / self.sample, Z_95 * Z_95
        middle = p + z2 / (2 * n)
        reach = Z_95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return (middle + side * reach) / (1 + z2 / n)
