"""How well a sample stands for the set it was taken from.

The score is 1 minus the mean, over region, current version, band and supply, of the total
variation distance between sample and eligible set. The distance of one dimension is half the
sum, over its categories, of the absolute difference of the two shares: 0 when the shares are
equal, 1 when nothing is common. Worked through: 100 hubs are 60 North and 40 South; a sample of
10 holds 8 North and 2 South. Half of |0.8 - 0.6| + |0.2 - 0.4| is 0.2. With the other three
dimensions equal the mean is 0.05, and the score 0.95.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DIMENSIONS: Final = ("region", "version", "band", "supply")

Counts = Mapping[str, int]
Breakdown = Mapping[str, Counts]


def representativeness(sample_counts: Breakdown, population_counts: Breakdown) -> float:
    """Return the score from 0 to 1, given counts by category for each of `DIMENSIONS`.

    An empty sample stands for nothing: 0.
    """
    distances = distance_by_dimension(sample_counts, population_counts)
    return 1 - sum(distances.values()) / len(distances)


def distance_by_dimension(sample_counts: Breakdown, population_counts: Breakdown) -> dict[str, float]:
    """Return the total variation distance of each dimension: which of them costs the score."""
    return {
        dimension: total_variation(sample_counts.get(dimension, {}), population_counts.get(dimension, {}))
        for dimension in DIMENSIONS
    }


def total_variation(sample: Counts, population: Counts) -> float:
    """Return half the sum of absolute differences of shares; 1 where either side is empty."""
    sampled, present = sum(sample.values()), sum(population.values())
    if not sampled or not present:
        return 1.0
    categories = sample.keys() | population.keys()
    # Whole numbers until the last step: equal shares give exactly 0.
    apart = sum(abs(sample.get(each, 0) * present - population.get(each, 0) * sampled) for each in categories)
    return apart / (2 * sampled * present)
