"""Hub models, their firmware and the way from one version to the next. Nearly all fictitious."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hubsim import images

# Of the hubs in service: four in a hundred of the whole estate are Suspended.
_WITHDRAWN_SHARE: Final = 0.048
_WHY_WITHDRAWN: Final = "Hubs on this version lose their log of security events when they restart."
REMOVED_ON: Final = "2026-06-30"


@dataclass(frozen=True)
class ReferenceFirmware:
    """One version of a hub model, the share of its hubs that runs it, and the versions it may follow."""

    version: str
    share: float
    predecessors: tuple[str, ...] = ()
    removed_reason: str = ""
    """Why it was withdrawn from the list, where it was: the hubs that run it are Suspended."""


@dataclass(frozen=True)
class ReferenceModel:
    """One kind of hub. `model` has the eight digits of DUIS: model, then hardware version."""

    manufacturer: str
    manufacturer_code: str
    model: str
    hardware_version: str
    band: str
    smets_generation: int
    regions: tuple[str, ...]
    firmware: tuple[ReferenceFirmware, ...] = ()

    def goes_by(self, manufacturer: str, model: str) -> bool:
        """Return whether a command means this model; the manufacturer's name will do for its code."""
        return model.upper() == self.model and manufacturer.upper() in (
            self.manufacturer.upper(),
            self.manufacturer_code,
        )


@dataclass(frozen=True)
class ReferenceCplEntry:
    """A line of the Central Products List: this firmware may run on that model."""

    id: str
    device_model: ReferenceModel
    firmware: ReferenceFirmware
    image: images.FirmwareFile

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the manufacturer image, as the CPL gives it."""
        return self.image.hash


def _path(
    first: str, second: str, third: str, fourth: str, shares: tuple[float, float, float]
) -> tuple[ReferenceFirmware, ...]:
    # The third version may only follow the second: hubs on the first need two steps. A correction of the
    # second had to be withdrawn; hubs on it are brought on as those on the second are.
    withdrawn = f"{second[:4]}0100"
    return (
        ReferenceFirmware(first, shares[0]),
        ReferenceFirmware(second, shares[1] - _WITHDRAWN_SHARE, (first,)),
        ReferenceFirmware(withdrawn, _WITHDRAWN_SHARE, (second,), removed_reason=_WHY_WITHDRAWN),
        ReferenceFirmware(third, shares[2], (second, withdrawn)),
        ReferenceFirmware(fourth, 0.0, (second, withdrawn, third)),
    )


# fmt: off
DEVICE_MODELS: Final = (
    ReferenceModel("EDMI", "EB1A", "42000101", "0101", "SINGLE", 2, ("North",),
                _path("0A1C0000", "0A1D0000", "0A1E0000", "0A1F0000", (0.15, 0.80, 0.05))),
    ReferenceModel("EDMI", "EB1A", "54000102", "0102", "DUAL", 2, ("North",),
                _path("0B100000", "0B110000", "0B120000", "0B130000", (0.12, 0.83, 0.05))),
    ReferenceModel("WNC", "A701", "10000201", "0201", "SINGLE", 2, ("Central", "South"),
                _path("01150000", "01160000", "01170000", "01180000", (0.18, 0.78, 0.04))),
    ReferenceModel("Toshiba", "106C", "433100AC", "00AC", "SINGLE", 2, ("Central", "South"),
                _path("0C210000", "0C220000", "0C230000", "0C240000", (0.15, 0.80, 0.05))),
    ReferenceModel("WNC", "A701", "40000301", "0301", "DUAL", 2, ("4G North", "4G Central", "4G South"),
                _path("04010000", "04020000", "04030000", "04040000", (0.10, 0.85, 0.05))),
    ReferenceModel("Calderbrook", "CA1D", "51A00001", "0001", "SINGLE", 1, ("SMETS1",),
                (ReferenceFirmware("5A000001", 1.0),)),
)
# fmt: on


def cpl_entries(seed: int) -> tuple[ReferenceCplEntry, ...]:
    """Return every entry of the list; images, and so hashes, follow from the seed."""
    entries: list[ReferenceCplEntry] = []
    for device_model in DEVICE_MODELS:
        for firmware in device_model.firmware:
            image = images.FirmwareFile.of(
                seed=seed,
                manufacturer_code=device_model.manufacturer_code,
                model=device_model.model,
                hardware_version=device_model.hardware_version,
                version=firmware.version,
            )
            entries.append(ReferenceCplEntry(f"CPL-{len(entries) + 1:04d}", device_model, firmware, image))
    return tuple(entries)


def make_image(*, model: str, version: str, seed: int) -> bytes:
    """Return the upgrade file of one CPL entry; the same bytes for the same seed.

    Raises:
        LookupError: the list has no such entry.
    """
    for entry in cpl_entries(seed):
        if entry.device_model.model == model.upper() and entry.firmware.version == version.upper():
            return entry.image.file
    raise LookupError(f"no CPL entry for {model} at {version}")
