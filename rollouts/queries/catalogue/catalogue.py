"""The catalogue: hub models, and the firmware the Central Products List has for them; for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.identity.roles import DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from portal.kernel.versions import version_of
from rollouts.models import CplEntry, DeviceModel, FirmwareImage, Rollout
from rollouts.queries.estate.estate import estate_counts
from rollouts.queries.governance.halts import HaltPreview, halt_preview
from rollouts.reads.catalogue.entries import cpl_entry_values
from rollouts.states import OPEN_STATUSES, RUNNING_STATUSES, CplStatus, Region, RolloutStatus


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
    reference: str
    """Its number on the CPL as published."""
    device_model_id: int
    manufacturer: str
    model: str
    hardware_version: str
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
    predecessor_ids: Sequence[int]
    image: CheckedImage | None
    """For the DCC alone."""
    version: str
    """What a change of it is made from."""


@dataclass(frozen=True, slots=True)
class RolloutAtStake:
    """A rollout to an entry's firmware, and what leaving the list would mean for its hubs."""

    id: int
    name: str
    status: RolloutStatus
    is_running: bool
    """It is suspended; one that is not running yet, or stands already, cannot go on."""
    hubs: HaltPreview


@dataclass(frozen=True, slots=True)
class StatusEffects:
    """What an entry's leaving the Central Products List would do, in numbers."""

    rollouts: Sequence[RolloutAtStake]
    drafts: int
    hubs: int
    """Hubs of the inventory that run this firmware."""
    successors: int
    """Entries that may be reached from it: the way on stays open."""

    @property
    def running(self) -> Sequence[RolloutAtStake]:
        """The rollouts that are suspended at once."""
        return [each for each in self.rollouts if each.is_running]


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


def cpl_entry(scope: Scope, cpl_entry_id: int) -> CplEntryRow:
    """Return an entry of the Central Products List.

    Raises:
        NotFound: there is none.
    """
    entry = CplEntry.objects.select_related("device_model", "image").filter(pk=cpl_entry_id).first()
    if entry is None:
        raise NotFound("There is no such entry of the Central Products List.")
    earlier = CplEntry.objects.filter(pk__in=entry.allowed_predecessor_ids)
    versions = dict(earlier.values_list("pk", "firmware_version"))
    return _firmware(entry, versions, with_image=scope.is_dcc)


def status_effects(scope: Scope, cpl_entry_id: int, *, now: datetime) -> StatusEffects:
    """Say what it would do to rollouts if an entry left the Central Products List.

    Raises:
        NotPermitted: not for others than the DCC.
        NotFound: there is no such entry.
    """
    scope.check(*sorted(DCC_ROLES))
    entry = cpl_entry(scope, cpl_entry_id)
    concerned = Rollout.objects.filter(cpl_entry_id=cpl_entry_id)
    opened = list(concerned.filter(status__in=OPEN_STATUSES).order_by("pk"))
    return StatusEffects(
        rollouts=[
            RolloutAtStake(
                id=rollout.pk,
                name=rollout.name,
                status=RolloutStatus(rollout.status),
                is_running=RolloutStatus(rollout.status) in RUNNING_STATUSES,
                hubs=halt_preview(scope, rollout_id=rollout.pk, now=now),
            )
            for rollout in opened
        ],
        drafts=concerned.filter(status=RolloutStatus.DRAFT).count(),
        hubs=sum(
            count.hubs
            for count in estate_counts(scope).by_version
            if (count.device_model_id, count.version) == (entry.device_model_id, entry.firmware_version)
        ),
        successors=CplEntry.objects.filter(allowed_predecessor_ids__contains=[cpl_entry_id]).count(),
    )


def _firmware(entry: CplEntry, versions: dict[int, str], *, with_image: bool) -> CplEntryRow:
    image: FirmwareImage | None = getattr(entry, "image", None) if with_image else None
    return CplEntryRow(
        id=entry.pk,
        reference=entry.reference,
        device_model_id=entry.device_model_id,
        manufacturer=entry.device_model.manufacturer,
        model=entry.device_model.model,
        hardware_version=entry.device_model.hardware_version,
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
        predecessor_ids=list(entry.allowed_predecessor_ids),
        version=version_of(cpl_entry_values(entry)),
        image=None
        if image is None
        else CheckedImage(image.file_name, image.size, bytes(image.sha256).hex(), image.uploaded_at),
    )
