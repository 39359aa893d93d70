"""How often recurring work falls due."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """Once every so many seconds, beginning so many after midnight UTC."""

    seconds: float
    phase: float = 0.0
