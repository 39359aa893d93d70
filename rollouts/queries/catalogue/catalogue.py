"""The catalogue: device models, and the firmware the Central Products List has for them; for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.identity.scope import Scope
from rollouts.models import CplEntry, DeviceModel, FirmwareImage
from rollouts.states import CplStatus, Region


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A kind of Communications Hub."""

    id: int
    manufacturer: str
    model: str
    hardware_version: str
    band: str
    smets_generation: int
    regions: Sequence[Region]


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """The image that passed every check against its entry."""

    file_name: str
    size: int
    sha256: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class CplEntryRow:
    """An entry of the Central Products List, and from which versions it may be reached."""

    id: int
    device_model_id: int
    manufacturer: str
    model: str
    firmware_version: str
    as_printed: str
    image_sha256: str
    hash_covers: str
    chts_version: str
    gbcs_version: str
    status: CplStatus
    added_on: date | None
    removed_on: date | None
    removed_reason: str
    predecessors: Sequence[str]
    image: CheckedImage | None
    """For the DCC alone."""


def device_models(scope: Scope) -> list[ModelRow]:
    """List the kinds of hubs there are, by manufacturer and model; the same for everybody."""
    models = DeviceModel.objects.order_by("manufacturer", "model", "id")
    return [
        ModelRow(
            id=model.pk,
            manufacturer=model.manufacturer,
            model=model.model,
            hardware_version=model.hardware_version,
            band=model.band,
            smets_generation=model.smets_generation,
            regions=[Region(region) for region in model.regions],
        )
        for model in models
    ]


def cpl_entries(
    scope: Scope, *, device_model_id: int | None = None, status: CplStatus | None = None
) -> list[CplEntryRow]:
    """List the entries of the Central Products List, by model and version."""
    entries = CplEntry.objects.select_related("device_model", "image")
    versions = dict(CplEntry.objects.values_list("pk", "firmware_version"))
    if device_model_id is not None:
        entries = entries.filter(device_model_id=device_model_id)
    if status is not None:
        entries = entries.filter(status=status)
    ordered = entries.order_by("device_model__manufacturer", "device_model__model", "firmware_version", "id")
    return [_firmware(entry, versions, with_image=scope.is_dcc) for entry in ordered]


def _firmware(entry: CplEntry, versions: dict[int, str], *, with_image: bool) -> CplEntryRow:
    image: FirmwareImage | None = getattr(entry, "image", None) if with_image else None
    return CplEntryRow(
        id=entry.pk,
        device_model_id=entry.device_model_id,
        manufacturer=entry.device_model.manufacturer,
        model=entry.device_model.model,
        firmware_version=entry.firmware_version,
        as_printed=entry.firmware_version_raw,
        image_sha256=bytes(entry.image_sha256).hex(),
        hash_covers=entry.hash_covers,
        chts_version=entry.chts_version,
        gbcs_version=entry.gbcs_version,
        status=CplStatus(entry.status),
        added_on=entry.added_on,
        removed_on=entry.removed_on,
        removed_reason=entry.removed_reason,
        predecessors=[versions[each] for each in entry.allowed_predecessor_ids if each in versions],
        image=None
        if image is None
        else CheckedImage(image.file_name, image.size, bytes(image.sha256).hex(), image.uploaded_at),
    )
