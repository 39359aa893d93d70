"""How much somebody may put into the cache within a time; while the cache is away nothing is counted."""

from __future__ import annotations

from django.core.cache import cache


def is_within(key: str, amount: int, *, most: int, seconds: int) -> bool:
    """Count an amount against a quota that begins again after so many seconds; tell whether it still fits."""
    if amount > most:
        return False
    counted = f"quota:{key}"
    cache.add(counted, 0, seconds)
    try:
        return int(cache.incr(counted, amount)) <= most
    except ValueError:  # it ended between the two
        cache.set(counted, amount, seconds)
        return True
