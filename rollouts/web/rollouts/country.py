"""The picture of the country: how far the hubs of each area of the CSPs' networks are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.kernel.presentation.charts import Segment
from portal.kernel.presentation.numbers import grouped, share
from rollouts.queries.rollouts.progress import States
from rollouts.states import FAILED_STATES, Region, TargetState
from rollouts.web.wording import segments

#: The regions of the 2G, 3G and mesh networks and of the 4G network that lie in each area.
_AREAS: Final[Mapping[str, frozenset[Region]]] = {
    "North": frozenset({Region.NORTH, Region.NORTH_4G}),
    "Central": frozenset({Region.CENTRAL, Region.CENTRAL_4G}),
    "South": frozenset({Region.SOUTH, Region.SOUTH_4G}),
}
_QUARTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Area:
    """One area of the map, shaded by the share of its hubs that are activated."""

    name: str
    hubs: int
    activated: int

    @property
    def share(self) -> str:
        """The share that is activated, in words; empty where there are no hubs."""
        return share(self.activated, self.hubs) if self.hubs else ""

    @property
    def css(self) -> str:
        """The shade: none without hubs, the palest until one is activated, then a quarter each."""
        if not self.hubs:
            return "map--none"
        return f"map--{1 + math.ceil(self.activated * _QUARTERS / self.hubs)}"


@dataclass(frozen=True, slots=True)
class RegionLine:
    """One region's line in the table beside the map."""

    label: str
    segments: Sequence[Segment]
    hubs: int
    activated: int
    failed: int
    trend: Sequence[int] = ()
    """Hubs that activated on each of the last days."""


@dataclass(frozen=True, slots=True)
class Country:
    """Hubs of open rollouts, by area for the map and by region for the table."""

    north: Area
    central: Area
    south: Area
    lines: Sequence[RegionLine]

    @property
    def in_words(self) -> str:
        """What the map shows, for those who do not see it."""
        return " ".join(
            f"{area.name}: {grouped(area.activated)} of {grouped(area.hubs)} hubs activated."
            if area.hubs
            else f"{area.name}: no hubs."
            for area in (self.north, self.central, self.south)
        )


def country_of(
    regions: Mapping[Region, States], trends: Mapping[Region, Sequence[int]] | None = None
) -> Country:
    """Lay the states of hubs out by area and region; hubs that were withdrawn are left out."""
    regions = {
        region: {state: n for state, n in states.items() if state != TargetState.WITHDRAWN}
        for region, states in regions.items()
    }
    north, central, south = (_area(name, within, regions) for name, within in _AREAS.items())
    lines = [
        RegionLine(
            label=str(region.label),
            segments=segments(states),
            hubs=sum(states.values()),
            activated=states.get(TargetState.ACTIVATED, 0),
            failed=sum(states.get(state, 0) for state in FAILED_STATES),
            trend=(trends or {}).get(region, ()),
        )
        for region, states in sorted(regions.items())
        if any(states.values())
    ]
    return Country(north, central, south, lines)


def _area(name: str, within: frozenset[Region], regions: Mapping[Region, States]) -> Area:
    known = [states for region, states in regions.items() if region in within]
    return Area(
        name=name,
        hubs=sum(sum(states.values()) for states in known),
        activated=sum(states.get(TargetState.ACTIVATED, 0) for states in known),
    )
