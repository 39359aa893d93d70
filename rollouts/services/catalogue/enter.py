"""Hub models and entries of the Central Products List, added and corrected by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from portal.events import journal
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.lines import one_line
from portal.kernel.refusals import BadInput, NotFound, Refusal
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import CplEntry, DeviceModel, FirmwareImage, Rollout
from rollouts.reads.catalogue.entries import cpl_entry_values
from rollouts.rules import firmware
from rollouts.services.rollouts.refresh import refresh_rollout
from rollouts.states import OPEN_STATUSES, CplStatus, Region

_CODE: Final = re.compile(r"[0-9A-F]{4}", re.ASCII)
_MODEL: Final = re.compile(r"[0-9A-Z]{1,8}", re.ASCII)
HASH_COVERS: Final = ("WHOLE_FILE", "IMAGE")


class AlreadyListed(Refusal):
    """The list has this entry, or this number, already."""

    code = "already_listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """What an entry says of its firmware, as it is typed in; `predecessors` are entries of the same model."""

    image_sha256: str
    hash_covers: str = "WHOLE_FILE"
    reference: str = ""
    chts_version: str = ""
    gbcs_version: str = ""
    added_on: date | None = None
    predecessors: Sequence[int] = ()


@unit_of_work
def add_device_model(
    scope: Scope,
    *,
    manufacturer: str,
    manufacturer_code: str,
    model: str,
    hardware_version: str,
    band: str,
    smets_generation: int = 2,
    regions: Sequence[Region] = (),
    now: datetime,
) -> DeviceModel:
    """Add a kind of hub.

    Raises:
        NotPermitted: not for a DCC operator.
        BadInput: a code is malformed, or a text too long or missing.
        AlreadyListed: there is this model already.
    """
    scope.check(*MAY_OPERATE)
    code, name, hardware = (text.strip().upper() for text in (manufacturer_code, model, hardware_version))
    if not _CODE.fullmatch(code):
        raise BadInput("A manufacturer code has four hexadecimal digits, such as 106C.")
    if not _MODEL.fullmatch(name) or not _MODEL.fullmatch(hardware):
        raise BadInput("A model or a hardware version has one to eight letters and digits, such as 433100AC.")
    if band not in DeviceModel.Band.values or smets_generation not in {1, 2}:
        raise BadInput("Choose the band and the SMETS generation.")
    maker = _text(manufacturer, "manufacturer", most=30)
    if not maker:
        raise BadInput("Give the manufacturer.")
    made, is_new = DeviceModel.objects.get_or_create(
        manufacturer_code=code,
        model=name,
        hardware_version=hardware,
        defaults={
            "manufacturer": maker,
            "band": band,
            "smets_generation": smets_generation,
            "regions": sorted(int(region) for region in regions),
        },
    )
    if not is_new:
        raise AlreadyListed(f"{made} with hardware version {hardware} is in the catalogue already.")
    facts = {"manufacturer": maker, "model": name, "hardware_version": hardware}
    journal.record("device-model.added", subject=f"device-model:{made.pk}", by=scope, at=now, facts=facts)
    return made


@unit_of_work
def add_cpl_entry(
    scope: Scope, *, device_model_id: int, firmware_version: str, facts: EntryFacts, now: datetime
) -> CplEntry:
    """Add an Active entry with its upgrade path.

    Raises:
        NotPermitted: not for a DCC operator.
        NotFound: there is no such model.
        NotAVersion, NotAHash, BadInput: a value is malformed, or the path names another model's entry.
        AlreadyListed: the model has this version, or another entry this number.
    """
    scope.check(*MAY_OPERATE)
    model = DeviceModel.objects.filter(pk=device_model_id).first()
    if model is None:
        raise NotFound("There is no such hub model.")
    version = firmware.normalise_version(firmware_version)
    entry = CplEntry(
        device_model=model,
        firmware_version=version,
        firmware_version_raw=one_line(firmware_version).strip()[:32],
        status=CplStatus.ACTIVE,
    )
    _write(entry, facts)
    if CplEntry.objects.filter(device_model=model, firmware_version=version).exists():
        raise AlreadyListed(f"{model} has an entry for version {version} already.")
    entry.save()
    _record("cpl-entry.added", entry, by=scope, at=now)
    return entry


@outside_unit_of_work
def change_cpl_entry(
    scope: Scope, *, cpl_entry_id: int, facts: EntryFacts, expected: str | None = None, now: datetime
) -> CplEntry:
    """Correct an entry; a new upgrade path changes at once which hubs open rollouts concern.

    Open rollouts follow one by one; should the process end meanwhile, the nightly refresh takes the rest.

    `expected` is the `version_of` the `cpl_entry_values` that were read.

    Raises:
        NotPermitted: not for a DCC operator.
        EditConflict: the entry is not as `expected`.
        NotFound: there is no such entry.
        NotAHash, BadInput: a value is malformed, the path names another model's entry, or an image has
            been checked against the hash that is to change.
        AlreadyListed: another entry has this number.
    """
    scope.check(*MAY_OPERATE)
    entry, path_before = _changed(scope, cpl_entry_id, facts, expected, now)
    if path_before != entry.allowed_predecessor_ids:
        open_ones = Rollout.objects.filter(cpl_entry=entry, status__in=OPEN_STATUSES)
        for rollout_id in open_ones.order_by("pk").values_list("pk", flat=True):
            refresh_rollout(rollout_id=rollout_id, now=now)
    return entry


@unit_of_work
def _changed(
    scope: Scope, cpl_entry_id: int, facts: EntryFacts, expected: str | None, now: datetime
) -> tuple[CplEntry, list[int]]:
    entry = locked_entry(cpl_entry_id)
    check_version(expected, cpl_entry_values(entry))
    before = (bytes(entry.image_sha256), entry.hash_covers)
    path_before = list(entry.allowed_predecessor_ids)
    _write(entry, facts)
    if before != (entry.image_sha256, entry.hash_covers) and has_image(entry):
        raise BadInput("An image has been checked against this hash. It cannot change any more.")
    entry.save()
    _record("cpl-entry.changed", entry, by=scope, at=now)
    return entry, path_before


@inside_unit_of_work
def locked_entry(cpl_entry_id: int) -> CplEntry:
    """Return an entry, held until the commit.

    Raises:
        NotFound: there is none.
    """
    held = CplEntry.objects.select_for_update(no_key=True, of=("self",)).select_related("device_model")
    entry = held.filter(pk=cpl_entry_id).first()
    if entry is None:
        raise NotFound("There is no such entry of the Central Products List.")
    return entry


def has_image(entry: CplEntry) -> bool:
    """Tell whether an image has been checked against an entry."""
    return FirmwareImage.objects.filter(cpl_entry=entry).exists()


def _write(entry: CplEntry, facts: EntryFacts) -> None:
    if facts.hash_covers not in HASH_COVERS:
        raise BadInput("Say what the hash covers: the whole file, or the manufacturer image.")
    entry.image_sha256 = bytes.fromhex(firmware.normalise_hash(facts.image_sha256))
    entry.hash_covers = facts.hash_covers
    entry.reference = _text(facts.reference, "number of the entry", most=40)
    entry.chts_version = _text(facts.chts_version, "CHTS version", most=20)
    entry.gbcs_version = _text(facts.gbcs_version, "GBCS version", most=8)
    entry.added_on = facts.added_on
    path = sorted(set(facts.predecessors) - {entry.pk})
    own = CplEntry.objects.filter(pk__in=path, device_model_id=entry.device_model_id).count()
    if len(path) < len(set(facts.predecessors)) or own < len(path):
        raise BadInput("The upgrade path names earlier versions of the same hub model, and nothing else.")
    entry.allowed_predecessor_ids = path
    if entry.reference:
        others = CplEntry.objects.filter(reference=entry.reference).exclude(pk=entry.pk)
        if others.exists():
            raise AlreadyListed(f"Another entry has the number {entry.reference}.")


def _text(text: str, name: str, *, most: int) -> str:
    line = one_line(text).strip()
    if len(line) > most:
        raise BadInput(f"The {name} has at most {most} characters.")
    return line


@inside_unit_of_work
def _record(name: str, entry: CplEntry, *, by: Scope, at: datetime) -> None:
    facts = {
        "firmware_version": entry.firmware_version,
        "image_sha256": bytes(entry.image_sha256).hex(),
        "predecessors": list(entry.allowed_predecessor_ids),
    }
    journal.record(name, subject=f"cpl-entry:{entry.pk}", by=by, at=at, facts=facts)
