"""The state of every hub, column by column: what it runs, what it holds, what it waits for."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hubsim.codes import GONE, HubCommandKind
from hubsim.estate import SimulatedEstate

Places = npt.NDArray[np.intp]

NOTHING: Final = -1
_IN_ORDER: Final = 0.001
"""Two commands to one hub arrive at least this many seconds apart."""


class Hubs:
    """A million hubs in some sixty megabytes. A place is the rank of a hub's GUID in the estate."""

    def __init__(self, estate: SimulatedEstate) -> None:
        count = len(estate)
        self.estate = estate
        self.guid = estate.guid
        self.region = estate.region
        self.model = estate.model
        self.han_devices = estate.han_devices
        self.version = estate.version.astype(np.int32)
        self.gpf_version = estate.gpf_version.astype(np.int32)
        self.gone = np.isin(estate.status, GONE)
        self.held_image = np.full(count, NOTHING, dtype=np.int32)
        self.pending_command = np.full(count, NOTHING, dtype=np.int32)
        self.pending_at = np.full(count, np.nan)
        self.last_arrival = np.zeros(count)
        self.activated_at = np.full(count, np.nan)
        self.activations = np.zeros(count, dtype=np.uint16)
        self.silence = np.zeros(count, dtype=np.uint8)
        self.deaf = np.zeros(count, dtype=np.bool_)
        self.han_lost = np.zeros(count, dtype=np.uint8)
        self._attempts = {kind: np.zeros(count, dtype=np.uint16) for kind in HubCommandKind}

    def next_attempt(self, kind: HubCommandKind, places: Places) -> npt.NDArray[np.uint16]:
        """Count an attempt at each of these hubs; return its number, from 1."""
        self._attempts[kind][places] += 1
        return self._attempts[kind][places]

    def arrive_in_order(self, places: Places, arrivals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Put off arrivals that would overtake an earlier command to the same hub."""
        in_order: npt.NDArray[np.float64] = np.maximum(arrivals, self.last_arrival[places] + _IN_ORDER)
        self.last_arrival[places] = in_order
        return in_order

    def changed(self) -> npt.NDArray[np.bool_]:
        """Return which hubs are not as they were when the simulator started."""
        changed: npt.NDArray[np.bool_] = (self.activations > 0) | (self.version != self.estate.version)
        return changed
