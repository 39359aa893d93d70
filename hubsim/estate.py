"""A reproducible estate: hub i of N under a seed is always the same hub, wherever it is made.

Hubs are numbered by ascending GUID, and everything else about one is drawn from its number, so any stretch of
the estate can be made alone, in any process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from hubsim.catalogue import DEVICE_MODELS
from hubsim.codes import REGIONS, STATUSES
from hubsim.parties import Registration, registrations
from hubsim.randomness import U64, hashes, key_of, permuted

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
I32 = npt.NDArray[np.int32]
_Scalar = TypeVar("_Scalar", bound=np.generic)

MOST_HUBS: Final = 20_000_000
CHUNK: Final = 50_000
EPOCH: Final = date(2013, 1, 1)
"""Day 0 of the dates; the last day drawn is well before December 2026."""

_CHF_PREFIX: Final = 0x00DB1234 << 32
_GPF_PREFIX: Final = 0x00DB12CC << 32
_STREAM_GUID, _STREAM_GPF, _STREAM_KIND, _STREAM_DATES = range(4)
_LANES: Final = 65536

# Share of the estate by region and, within it, by place in DEVICE_MODELS.
_REGION_SHARES: Final = {
    "North": (0.26, {0: 0.65, 1: 0.35}),
    "Central": (0.24, {2: 0.55, 3: 0.45}),
    "South": (0.26, {2: 0.5, 3: 0.5}),
    "4G North": (0.06, {4: 1.0}),
    "4G Central": (0.07, {4: 1.0}),
    "4G South": (0.075, {4: 1.0}),
    "Unknown": (0.005, {2: 0.5, 3: 0.5}),
    "SMETS1": (0.03, {5: 1.0}),
}
_STATUS_SHARES: Final = {
    "Commissioned": 0.86,
    "Pending": 0.06,
    "InstalledNotCommissioned": 0.03,
    "Decommissioned": 0.04,
    "Whitelisted": 0.0025,
    "Withdrawn": 0.0025,
    "Recovery": 0.0025,
    "Recovered": 0.0025,
}
_NEVER_INSTALLED: Final = ("Pending", "Whitelisted")
_POSTCODES: Final = {
    "North": "AB BD BL CA DD DG DH DL DN EH FK FY G HD HG HU HX IV KA KW KY L LA LS M ML NE OL PA PH PR S SK "
    "SR TD TS WA WF WN WR YO",
    "Central": "B CB CH CO CV CW DE DY HR IP LD LE LL LN LU MK NG NN NR PE SG ST SY TF WS WV",
    "South": "BA BH BN BR BS CF CM CR CT DA DT E EN EX GL GU HA HP IG KT ME N NP NW OX PL PO RG RH RM SA SE "
    "SL SM SN SO SP SS SW TA TN TQ TR TW UB W WC WD",
}
# First installation day since EPOCH and the days it spreads over.
_INSTALLED: Final = {"SMETS2": (1827, 2800), "4G": (4200, 800), "SMETS1": (0, 1900)}


@dataclass(frozen=True)
class EstateCell:
    """One combination of region, hub model and firmware, and its share of the estate."""

    region: int
    model: int
    version: str
    share: float
    is_withdrawn: bool = False
    """Whether the Central Products List has withdrawn the firmware: such a hub in service is Suspended."""


@dataclass(frozen=True)
class EstateSlice:
    """A run of the estate, column by column. Numbers stand for the texts in the tuples of this module."""

    guid: U64
    gpf_guid: U64
    cell: U8
    status: U8
    gpf_status: U8
    registration: U16
    installed_day: I32
    commissioned_day: I32
    han_devices: U8
    postcode: U8


@dataclass(frozen=True)
class SimulatedEstate:
    """What the simulator must know of each hub, in ascending order of GUID."""

    guid: U64
    model: U8
    region: U8
    status: U8
    version: U16
    gpf_version: U16
    han_devices: U8
    versions: list[str]
    models: tuple[tuple[str, str, str], ...] = field(
        default=tuple((m.manufacturer, m.model, m.hardware_version) for m in DEVICE_MODELS)
    )

    def __len__(self) -> int:
        return len(self.guid)

    def find(self, guids: U64) -> tuple[I32, npt.NDArray[np.bool_]]:
        """Return the place of each GUID, and whether it is of this estate at all."""
        if not len(self):
            return np.zeros(len(guids), dtype=np.int32), np.zeros(len(guids), dtype=np.bool_)
        places = np.minimum(np.searchsorted(self.guid, guids), len(self) - 1)
        return places.astype(np.int32), self.guid[places] == guids


@cache
def cells() -> tuple[EstateCell, ...]:
    """Return every combination a hub can have; the shares add up to one."""
    return tuple(
        EstateCell(
            region=REGIONS.index(region),
            model=model,
            version=firmware.version,
            share=share * part * firmware.share,
            is_withdrawn=bool(firmware.removed_reason),
        )
        for region, (share, models) in _REGION_SHARES.items()
        for model, part in models.items()
        for firmware in DEVICE_MODELS[model].firmware
        if firmware.share
    )


@cache
def registered() -> tuple[Registration, ...]:
    """Return the registrations that `Stretch.registration` numbers."""
    return registrations()


@cache
def postcodes() -> tuple[str, ...]:
    """Return the postcode areas that `Stretch.postcode` numbers."""
    return tuple(area for areas in _POSTCODES.values() for area in areas.split())


def estate_slice(start: int, stop: int, *, hubs: int, seed: int) -> EstateSlice:
    """Make the hubs from place `start` up to `stop` of an estate of `hubs`.

    Raises:
        ValueError: the estate would be larger than its GUIDs allow.
    """
    if not 0 <= hubs <= MOST_HUBS:
        raise ValueError(f"an estate has at most {MOST_HUBS:,} hubs")
    places = np.arange(start, stop, dtype=np.uint64)
    drawn = hashes(places, 0, key=key_of(seed, _STREAM_KIND))
    cell = _tables()["cell"][_lane(drawn, 0)]
    status = _suspended(_tables()["status"][_lane(drawn, 1)], cell)
    registration = _registration_table()[_lane(drawn, 2)]
    dates = hashes(places, 0, key=key_of(seed, _STREAM_DATES))
    installed, commissioned = _days(cell, status, dates)
    return EstateSlice(
        guid=_guids(places, hubs=hubs, seed=seed),
        gpf_guid=_gpf_guids(places, cell, seed=seed),
        cell=cell,
        status=status,
        gpf_status=_gpf_status(cell, status, registration),
        registration=registration,
        installed_day=installed,
        commissioned_day=commissioned,
        han_devices=_han_devices(registration, _lane(drawn, 3)),
        postcode=_postcode_places(cell, _lane(dates, 2)),
    )


def estate_slices(*, hubs: int, seed: int) -> Iterator[EstateSlice]:
    """Make the whole estate, a bounded piece at a time."""
    for start in range(0, hubs, CHUNK):
        yield estate_slice(start, min(start + CHUNK, hubs), hubs=hubs, seed=seed)


def build_estate(*, hubs: int, seed: int) -> SimulatedEstate:
    """Make the whole estate as the simulator holds it."""
    versions = list(dict.fromkeys(cell.version for cell in cells()))
    version_of = np.array([versions.index(cell.version) for cell in cells()], dtype=np.uint16)
    pieces = list(estate_slices(hubs=hubs, seed=seed))
    cell = _joined([piece.cell for piece in pieces], np.uint8)
    return SimulatedEstate(
        guid=_joined([piece.guid for piece in pieces], np.uint64),
        model=_tables()["model"][cell],
        region=_tables()["region"][cell],
        status=_joined([piece.status for piece in pieces], np.uint8),
        version=version_of[cell],
        gpf_version=version_of[cell],
        han_devices=_joined([piece.han_devices for piece in pieces], np.uint8),
        versions=versions,
    )


@cache
def _tables() -> dict[str, U8]:
    # A table of 65,536 places turns 16 random bits into a choice by share, in one look.
    statuses = [STATUSES.index(name) for name in _STATUS_SHARES]
    choice = np.array(statuses, dtype=np.uint8)
    return {
        "cell": _choices([cell.share for cell in cells()]).astype(np.uint8),
        "status": choice[_choices(list(_STATUS_SHARES.values()))],
        "model": np.array([cell.model for cell in cells()], dtype=np.uint8),
        "region": np.array([cell.region for cell in cells()], dtype=np.uint8),
        "withdrawn": np.array([cell.is_withdrawn for cell in cells()], dtype=np.uint8),
    }


@cache
def _registration_table() -> U16:
    return _choices([pair.share for pair in registered()])


def _choices(shares: Sequence[float]) -> npt.NDArray[np.uint16]:
    edges = np.cumsum(shares) / sum(shares)
    return np.searchsorted(edges, (np.arange(_LANES) + 0.5) / _LANES).astype(np.uint16)


def _lane(drawn: U64, lane: int) -> npt.NDArray[np.intp]:
    return ((drawn >> np.uint64(16 * lane)) & np.uint64(_LANES - 1)).astype(np.intp)


def _guids(places: U64, *, hubs: int, seed: int) -> U64:
    # One hub in each of N equal stretches of the 32-bit space: unique, ascending, and spread.
    width = np.uint64(2**32 // max(1, hubs))
    return np.uint64(_CHF_PREFIX) + places * width + hashes(places, 0, key=key_of(seed, _STREAM_GUID)) % width


def _gpf_guids(places: U64, cell: U8, *, seed: int) -> U64:
    # Drawn apart from the hub's own, so that nobody is tempted to derive one from the other.
    paired = np.uint64(_GPF_PREFIX) + permuted(places, key=key_of(seed, _STREAM_GPF))
    smets1 = _tables()["region"][cell] == REGIONS.index("SMETS1")
    return np.where(smets1, np.uint64(0), paired)


def _suspended(status: U8, cell: U8) -> U8:
    """Suspend the hubs in service whose firmware was withdrawn from the Central Products List."""
    is_withdrawn = _tables()["withdrawn"][cell].astype(np.bool_)
    in_service = status == STATUSES.index("Commissioned")
    return np.where(is_withdrawn & in_service, STATUSES.index("Suspended"), status).astype(np.uint8)


def _gpf_status(cell: U8, status: U8, registration: U16) -> U8:
    has_gas = np.array([bool(pair.gas_code) for pair in registered()])[registration]
    joined = np.where(
        has_gas | (status != STATUSES.index("Commissioned")),
        status,
        STATUSES.index("InstalledNotCommissioned"),
    )
    smets1 = _tables()["region"][cell] == REGIONS.index("SMETS1")
    return np.where(smets1, 0, joined).astype(np.uint8)


def _days(cell: U8, status: U8, drawn: U64) -> tuple[I32, I32]:
    spans = np.array([_INSTALLED[_age(REGIONS[each.region])] for each in cells()], dtype=np.int32)[cell]
    installed = spans[:, 0] + ((spans[:, 1] * _lane(drawn, 0)) >> 16)
    commissioned = installed + ((14 * _lane(drawn, 1)) >> 16)
    absent = np.isin(status, [STATUSES.index(name) for name in _NEVER_INSTALLED])
    waiting = absent | (status == STATUSES.index("InstalledNotCommissioned"))
    return (
        np.where(absent, -1, installed).astype(np.int32),
        np.where(waiting, -1, commissioned).astype(np.int32),
    )


def _age(region: str) -> str:
    if region.startswith("4G"):
        return "4G"
    return region if region == "SMETS1" else "SMETS2"


def _han_devices(registration: U16, lane: npt.NDArray[np.intp]) -> U8:
    has_gas = np.array([bool(pair.gas_code) for pair in registered()])[registration]
    extra = np.searchsorted([0.55, 0.85, 0.95, 0.99], lane / _LANES)
    return (2 + has_gas + extra).astype(np.uint8)


def _postcode_places(cell: U8, lane: npt.NDArray[np.intp]) -> U8:
    areas = postcodes()
    bounds = {}
    for name, listed in _POSTCODES.items():
        bounds[name] = (areas.index(listed.split(maxsplit=1)[0]), len(listed.split()))
    span = (0, len(areas))
    ranges = np.array([bounds.get(REGIONS[each.region].removeprefix("4G "), span) for each in cells()])[cell]
    places: U8 = (ranges[:, 0] + ((ranges[:, 1] * lane) >> 16)).astype(np.uint8)
    return places


def _joined(pieces: list[npt.NDArray[_Scalar]], kind: type[_Scalar]) -> npt.NDArray[_Scalar]:
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=kind)
