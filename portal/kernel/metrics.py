"""What an area says of itself to those who watch the portal: a figure with its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of one moment, with one `name` and `help` for all labels; never of a hub or a person."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
