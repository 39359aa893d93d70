"""Ringing the worker that delivers, right after entries have got their places."""

from __future__ import annotations

from collections.abc import Mapping


def ring(heads: Mapping[int, int]) -> None:
    """Have entries delivered to those who have an address; a lost ring costs a second."""
