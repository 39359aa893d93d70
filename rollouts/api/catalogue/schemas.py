"""What the endpoints of the catalogue answer with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, TypedDict

from portal.rest.schemas import AllowedNames, Count, Example
from rollouts.api.enums import Id, StatusName, Version
from rollouts.api.rollouts.operation_schemas import HaltPreviewSchema, halt_preview
from rollouts.queries.catalogue.catalogue import CheckedImage, CplEntryRow, ModelRow, StatusEffects
from rollouts.states import CplStatus, Region

HASH_EXAMPLE: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class DeviceModelRowSchema(TypedDict):
    """A kind of Communications Hub."""

    id: Id
    manufacturer: Annotated[str, Example("Toshiba")]
    model: Annotated[str, Example("433100AC")]
    hardware_version: Annotated[str, Example("00AC")]
    band: Annotated[str, Example("SINGLE")]
    smets_generation: Annotated[int, Example(2)]
    regions: Annotated[list[str], AllowedNames(Region)]


class ImageRowSchema(TypedDict):
    """The image that passed every check against its entry."""

    file_name: Annotated[str, Example("hub-0C230000.img")]
    size: Count
    sha256: Annotated[str, Example(HASH_EXAMPLE)]
    uploaded_at: datetime


class CplRowSchema(TypedDict):
    """An entry of the Central Products List."""

    id: Id
    reference: Annotated[str, Example("CH-0417"), "Its number on the list as published; empty if none."]
    device_model_id: Id
    manufacturer: Annotated[str, Example("Toshiba")]
    model: Annotated[str, Example("433100AC")]
    hardware_version: Annotated[str, Example("00AC")]
    firmware_version: Version
    as_printed: Annotated[str, Example("0C230000")]
    image_sha256: Annotated[str, Example(HASH_EXAMPLE)]
    hash_covers: Annotated[str, Example("WHOLE_FILE")]
    chts_version: str
    gbcs_version: str
    status: Annotated[str, AllowedNames(CplStatus)]
    added_on: date | None
    removed_on: date | None
    removed_reason: str
    predecessors: Annotated[list[str], Example(["0C220000"]), "Versions it may be reached from."]
    predecessor_ids: Annotated[list[int], Example([16]), "The entries of those versions."]
    image: Annotated[ImageRowSchema | None, "For the DCC alone."]


class CplChangedSchema(TypedDict):
    """What the new status of an entry led to."""

    id: Id
    status: Annotated[str, AllowedNames(CplStatus)]
    suspended: Annotated[list[int], "Rollouts that were suspended by it.", Example([17])]


class RolloutAtStakeSchema(TypedDict):
    """A rollout to an entry's firmware, and what leaving the list would mean for its hubs."""

    id: Id
    name: Annotated[str, Example("Autumn maintenance")]
    status: StatusName
    would_be_suspended: bool
    hubs: HaltPreviewSchema


class StatusEffectsSchema(TypedDict):
    """What an entry's leaving the list would do now."""

    rollouts: list[RolloutAtStakeSchema]
    drafts: Annotated[int, Example(1), "Drafts that could not be published."]
    hubs: Annotated[int, Example(1204), "Hubs of the inventory that run this firmware."]
    successors: Annotated[int, Example(1), "Entries that may be reached from it."]


def device_model(model: ModelRow) -> DeviceModelRowSchema:
    """Write a hub model."""
    return {
        "id": model.id,
        "manufacturer": model.manufacturer,
        "model": model.model,
        "hardware_version": model.hardware_version,
        "band": model.band,
        "smets_generation": model.smets_generation,
        "regions": [region.name for region in model.regions],
    }


def cpl_entry(entry: CplEntryRow) -> CplRowSchema:
    """Write an entry."""
    return {
        "id": entry.id,
        "reference": entry.reference,
        "device_model_id": entry.device_model_id,
        "manufacturer": entry.manufacturer,
        "model": entry.model,
        "hardware_version": entry.hardware_version,
        "firmware_version": entry.firmware_version,
        "as_printed": entry.as_printed,
        "image_sha256": entry.image_sha256,
        "hash_covers": entry.hash_covers,
        "chts_version": entry.chts_version,
        "gbcs_version": entry.gbcs_version,
        "status": entry.status.value,
        "added_on": entry.added_on,
        "removed_on": entry.removed_on,
        "removed_reason": entry.removed_reason,
        "predecessors": list(entry.predecessors),
        "predecessor_ids": list(entry.predecessor_ids),
        "image": None if entry.image is None else _image(entry.image),
    }


def _image(image: CheckedImage) -> ImageRowSchema:
    return {
        "file_name": image.file_name,
        "size": image.size,
        "sha256": image.sha256,
        "uploaded_at": image.uploaded_at,
    }


def status_effects(effects: StatusEffects) -> StatusEffectsSchema:
    """Write what leaving the list would do."""
    return {
        "rollouts": [
            {
                "id": each.id,
                "name": each.name,
                "status": each.status.value,
                "would_be_suspended": each.is_running,
                "hubs": halt_preview(each.hubs),
            }
            for each in effects.rollouts
        ],
        "drafts": effects.drafts,
        "hubs": effects.hubs,
        "successors": effects.successors,
    }
