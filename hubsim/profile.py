"""A fault profile: how likely everything is to go wrong, region by region, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import orjson

from hubsim.codes import REGIONS

PRESETS: Final = Path(__file__).parent / "profiles"
_T = TypeVar("_T")


class MalformedProfile(ValueError):
    """The JSON is not a fault profile."""


@dataclass(frozen=True, slots=True)
class Delay:
    """A waiting time in business seconds: never under `shortest`, about `typical`, never over `longest`."""

    shortest: float = 0.0
    typical: float = 0.0
    longest: float = 0.0


@dataclass(frozen=True, slots=True)
class RegionFaults:
    """How the hubs of one region behave. Every number but the delays is a share of hubs."""

    distribute_seconds: Delay = Delay()
    answer_seconds: Delay = Delay()
    reboot_seconds: Delay = Delay()
    unreachable_for_good: float = 0.0
    unreachable: float = 0.0
    transfer_failed: float = 0.0
    image_discarded: float = 0.0
    hardware_mismatch: float = 0.0
    verification_failed: float = 0.0
    command_unreachable: float = 0.0
    no_image_held: float = 0.0
    hash_mismatch: float = 0.0
    activation_failure: float = 0.0
    mute_new: float = 0.0
    mute_old: float = 0.0
    mute_lost: float = 0.0
    cancel_fails: float = 0.0
    read_no_response: float = 0.0


@dataclass(frozen=True, slots=True)
class MessageFaults:
    """What happens to alerts on their way. Seconds are business seconds."""

    lost: float = 0.0
    duplicates: float = 0.0
    jitter_seconds: float = 0.0
    late: float = 0.0
    late_seconds: float = 0.0
    burst_seconds: float = 0.0
    without_command_id: float = 0.0
    shuffled: float = 0.0


@dataclass(frozen=True, slots=True)
class GatewayFaults:
    """How the CSP's own service behaves. Seconds are seconds of the wall clock."""

    outage_every_seconds: float = 0.0
    outage_lasts_seconds: float = 0.0
    outage_holds_alerts: float = 0.0
    hubs_per_second: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 0.0
    failed_answers: float = 0.0
    forgotten: float = 0.0


@dataclass(frozen=True, slots=True)
class BadFirmware:
    """A release that breaks homes: a share of the hubs that activate it lose devices of their HAN."""

    versions: tuple[str, ...] = ()
    han_lost: float = 0.0

    def breaks(self, version: str) -> bool:
        """Return whether this version does harm; `*` stands for every version."""
        return self.han_lost > 0 and ("*" in self.versions or version.upper() in self.versions)


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that can go wrong, and how often."""

    name: str
    description: str = ""
    everywhere: RegionFaults = RegionFaults()
    regions: Mapping[str, RegionFaults] = field(default_factory=dict)
    messages: MessageFaults = MessageFaults()
    gateway: GatewayFaults = GatewayFaults()
    bad_firmware: BadFirmware = BadFirmware()

    def by_region(self) -> tuple[RegionFaults, ...]:
        """Return the faults of every region, by its number."""
        return tuple(self.regions.get(name, self.everywhere) for name in REGIONS)

    def share(self, *names: str) -> npt.NDArray[np.float64]:
        """Return the named shares as a table: a row a region, a column a name."""
        return np.array([[getattr(faults, name) for name in names] for faults in self.by_region()])

    def delay(self, name: str) -> npt.NDArray[np.float64]:
        """Return the named delay as a table: a row a region, columns shortest, typical and longest."""
        delays = [getattr(faults, name) for faults in self.by_region()]
        return np.array([[each.shortest, each.typical, each.longest] for each in delays])

    def as_json(self) -> dict[str, Any]:
        """Return the profile as the JSON it is read from, with every region spelt out."""
        return asdict(self)


def preset_names() -> tuple[str, ...]:
    """Name the profiles that come with the simulator."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.json")))


def preset(name: str) -> Profile:
    """Load a profile that comes with the simulator.

    Raises:
        MalformedProfile: there is none of this name.
    """
    if name not in preset_names():
        raise MalformedProfile(f"no profile {name!r}; there are {', '.join(preset_names())}")
    return read_profile(orjson.loads((PRESETS / f"{name}.json").read_bytes()))


def read_profile(document: object) -> Profile:
    """Read a profile from its JSON. A region takes what it does not say from `everywhere`.

    Raises:
        MalformedProfile: with the place and the reason.
    """
    top = _object(document, "profile")
    if unknown := set(top) - {each.name for each in fields(Profile)}:
        raise MalformedProfile(f"profile: unknown {', '.join(sorted(unknown))}")
    everywhere = _read(RegionFaults(), top.get("everywhere", {}), "everywhere")
    regions = _object(top.get("regions", {}), "regions")
    if strangers := set(regions) - set(REGIONS[1:]):
        raise MalformedProfile(f"regions: unknown {', '.join(sorted(strangers))}")
    return Profile(
        name=str(top.get("name", "custom")),
        description=str(top.get("description", "")),
        everywhere=everywhere,
        regions={name: _read(everywhere, each, name) for name, each in regions.items()},
        messages=_read(MessageFaults(), top.get("messages", {}), "messages"),
        gateway=_read(GatewayFaults(), top.get("gateway", {}), "gateway"),
        bad_firmware=_read_bad_firmware(top.get("bad_firmware", {})),
    )


def _read(start: _T, document: object, where: str) -> _T:
    members = _object(document, where)
    known = {each.name for each in fields(start)}  # type: ignore[arg-type]
    if unknown := set(members) - known:
        raise MalformedProfile(f"{where}: unknown {', '.join(sorted(unknown))}")
    values = {name: _value(name, value, f"{where}.{name}") for name, value in members.items()}
    return replace(start, **values)  # type: ignore[type-var]


def _value(name: str, value: object, where: str) -> float | Delay:
    if name.endswith("_seconds") and isinstance(value, dict):
        return _read(Delay(), value, where)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise MalformedProfile(f"{where}: a number of at least 0 is needed")
    if name in _DELAYS:
        return Delay(value, value, value)
    if not name.endswith(_MEASURES) and value > 1:
        raise MalformedProfile(f"{where}: a share is at most 1")
    return float(value)


_DELAYS: Final = ("distribute_seconds", "answer_seconds", "reboot_seconds")
_MEASURES: Final = ("_seconds", "_per_second", "shortest", "typical", "longest")


def _read_bad_firmware(document: object) -> BadFirmware:
    members = _object(document, "bad_firmware")
    versions = members.get("versions", [])
    if not isinstance(versions, list | tuple) or not all(isinstance(each, str) for each in versions):
        raise MalformedProfile("bad_firmware.versions: a list of texts is needed")
    rest = {name: value for name, value in members.items() if name != "versions"}
    return replace(
        _read(BadFirmware(), rest, "bad_firmware"), versions=tuple(each.upper() for each in versions)
    )


def _object(document: object, where: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise MalformedProfile(f"{where}: an object is needed")
    return document
