"""What the texts of an inventory mean to this portal: models, versions, regions, statuses, Suppliers."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from portal.identity.models import MarketParticipant
from rollouts.models import CplEntry, DeviceModel
from rollouts.rules import firmware
from rollouts.services.estate.inventory.words import Meaning, Vocabulary
from rollouts.states import Region, SmiStatus
from rollouts.states.inventory import MOST_HAN_DEVICES, LineProblem

NONE: Final = -1
_MOST_UNLISTED: Final = 50
_LONGEST_NAME: Final = 60
PROBLEMS: Final = tuple(LineProblem)
"""A problem is a number in arrays: its place here, counted from 1; 0 is none."""

_AREA: Final = re.compile(r"[A-Z]{0,2}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
# PostgreSQL counts days from here.
_EPOCH: Final = date(2000, 1, 1).toordinal()
_BRITISH: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?: 00:00(?::00)?)?", re.ASCII)
_ISO: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ]00:00(?::00)?(?:\.0+)?Z?)?", re.ASCII)


class UnlistedFirmware(NamedTuple):
    """A firmware that a file names and the Central Products List lacks, as the file spells it."""

    manufacturer: str
    model: str
    hardware_version: str
    firmware_version: str
    model_id: int
    """Of the hub model, where the list has it; -1 where it lacks that too."""


def number_of(problem: LineProblem) -> int:
    """Return a problem as the number arrays hold."""
    return PROBLEMS.index(problem) + 1


def _bare(text: str) -> str:
    """Compare names without case, spaces and punctuation."""
    return "".join(filter(str.isalnum, text)).lower()


def read_day(text: str) -> date | None:
    """Read a date as people and systems write it; None when it is none."""
    bare = text.strip()
    if match := _ISO.fullmatch(bare):
        year, month, day = (int(part) for part in match.groups())
    elif match := _BRITISH.fullmatch(bare):
        day, month, year = (int(part) for part in match.groups())
    else:
        return None
    try:
        read_date = date(year, month, day)
    except ValueError:
        return None
    return read_date if _FIRST_YEAR <= year <= _LAST_YEAR else None


class Meanings:
    """The words of one load, by the columns that are judged together, as the database has them now.

    `vocabularies`, each with the problem last: model, entry, entry of the GPF, region; status of the hub and
    of its GPF; Import and Gas Supplier; HAN devices, two letters and how many of them count; a day and
    whether there is any, twice. -1 stands for none. Of several problems of a line the first is told.
    """

    def __init__(self) -> None:
        self.unlisted: dict[UnlistedFirmware, None] = {}
        self._models: dict[tuple[str, str], int] = {}
        self._hardware: dict[tuple[str, str, str], int] = {}
        self._entries: dict[tuple[int, str], int] = {}
        self._regions = {_bare(region.label): int(region) for region in Region}
        self._statuses = {_bare(status.name): int(status) for status in SmiStatus}
        self._statuses |= {_bare(status.label): int(status) for status in SmiStatus}
        self._mpids: dict[str, int] = {}
        self._gas_codes: dict[str, int] = {}
        self._load()
        model = ("manufacturer", "model", "hardware_version")
        self.vocabularies = (
            Vocabulary((*model, "firmware_version", "gpf_firmware_version", "region"), self._kind),
            Vocabulary(("smi_status", "gpf_status"), self._status),
            Vocabulary(("import_mpid", "gas_code"), self._registration),
            Vocabulary(("han_devices", "postcode_area"), self._home),
            Vocabulary(("commissioned_on",), _day),
            Vocabulary(("installed_on",), _day),
        )

    def _load(self) -> None:
        several: set[tuple[str, str]] = set()
        for model in DeviceModel.objects.all():
            for maker in {_bare(model.manufacturer), _bare(model.manufacturer_code), ""}:
                key = (maker, _bare(model.model))
                several |= {key} & self._models.keys()
                self._models[key] = model.pk
                self._hardware[*key, _bare(model.hardware_version)] = model.pk
        for key in several:
            # The hardware version alone tells them apart.
            self._models[key] = NONE
        for pk, model_id, version in CplEntry.objects.values_list(
            "pk", "device_model_id", "firmware_version"
        ):
            self._entries[model_id, version] = pk
        fuels = MarketParticipant.Fuel
        for fuel, code, party in MarketParticipant.objects.values_list("fuel", "code", "organisation_id"):
            (self._mpids if fuel == fuels.ELECTRICITY else self._gas_codes)[code] = party

    def model_of(self, maker: str, model: str, hardware: str) -> int:
        """Find a hub model by its names; -1 when there is none, or they fit several."""
        if hardware.strip():
            return self._hardware.get((_bare(maker), _bare(model), _bare(hardware)), NONE)
        return self._models.get((_bare(maker), _bare(model)), NONE)

    def entry_of(self, model_id: int, version: str) -> int:
        """Find the CPL entry of a version; -1 when there is none."""
        try:
            return self._entries.get((model_id, firmware.normalise_version(version)), NONE)
        except firmware.NotAVersion:
            return NONE

    def status_of(self, text: str) -> int:
        """Find a status by its name in messages or on the screen; -1 when there is none."""
        return self._statuses.get(_bare(text), NONE)

    def party_of(self, code: str, *, is_gas: bool) -> int:
        """Find the Supplier behind a market participant id or gas code; -1 when there is none."""
        return (self._gas_codes if is_gas else self._mpids).get(code.strip().upper(), NONE)

    def _kind(
        self, maker: str, name: str, hardware: str, version: str, gpf_version: str, region_name: str
    ) -> Meaning:
        model = self.model_of(maker, name, hardware)
        entry = self.entry_of(model, version)
        gpf = self.entry_of(model, gpf_version) if gpf_version else entry
        region = self._regions.get(_bare(region_name), NONE)
        problem = 0
        for value, why in (
            (region, LineProblem.UNKNOWN_REGION),
            (gpf, LineProblem.UNKNOWN_GPF_VERSION),
            (entry, LineProblem.UNKNOWN_VERSION),
            (model, LineProblem.UNKNOWN_MODEL),
        ):
            problem = number_of(why) if value == NONE else problem
        if NONE in (model, entry, gpf) and len(self.unlisted) < _MOST_UNLISTED:
            missing = gpf_version if NONE not in (model, entry) else version
            firmware_named = UnlistedFirmware(
                manufacturer=maker[:_LONGEST_NAME],
                model=name[:_LONGEST_NAME],
                hardware_version=hardware[:_LONGEST_NAME],
                firmware_version=missing[:_LONGEST_NAME],
                model_id=model,
            )
            self.unlisted[firmware_named] = None
        return model, entry, gpf, region, problem

    def _status(self, own: str, gpf_text: str) -> Meaning:
        status, gpf = self.status_of(own), self.status_of(gpf_text)
        problem = number_of(LineProblem.UNKNOWN_GPF_STATUS) if gpf_text and gpf == NONE else 0
        return status, gpf, number_of(LineProblem.UNKNOWN_STATUS) if status == NONE else problem

    def _registration(self, mpid: str, gas_code: str) -> Meaning:
        imports, gas = self.party_of(mpid, is_gas=False), self.party_of(gas_code, is_gas=True)
        problem = number_of(LineProblem.UNKNOWN_GAS_CODE) if gas_code and gas == NONE else 0
        return imports, gas, number_of(LineProblem.UNKNOWN_MPID) if mpid and imports == NONE else problem

    def _home(self, devices: str, area_text: str) -> Meaning:
        area = area_text.upper()
        is_count = bool(_COUNT.fullmatch(devices)) and int(devices) <= MOST_HAN_DEVICES
        problem = 0 if _AREA.fullmatch(area) else number_of(LineProblem.BAD_POSTCODE_AREA)
        if devices and not is_count:
            problem = number_of(LineProblem.BAD_HAN_DEVICES)
        letters = int.from_bytes((area if not problem else "").encode().ljust(2, b"\0"), "big")
        return int(devices) if is_count else 0, letters, len(area), problem


def _day(text: str) -> Meaning:
    day = read_day(text)
    if day is None:
        return 0, 0, number_of(LineProblem.BAD_DATE) if text else 0
    return day.toordinal() - _EPOCH, 1, 0
