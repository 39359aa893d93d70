"""The estate, and one hub with its history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, NotRequired, TypedDict

from portal.events.kinds import EntryKind
from portal.rest.schemas import AllowedNames, Count, Example, GuidText
from rollouts.api.enums import (
    ConsentName,
    HubsByRegion,
    Id,
    ReasonName,
    RegionName,
    RoleName,
    StateName,
    StatusName,
    Version,
    named,
    reason_of,
)
from rollouts.queries.estate.estate import DccHubRow, EstateCounts, HubRow
from rollouts.queries.estate.hubs import HubAlert, HubCard, HubChange, HubEntry, HubPlace
from rollouts.queries.estate.next_step import NextStep
from rollouts.states import AlertCode, Answer, Consent, CplStatus, HistoryKind, SmiStatus, TargetState

SmiName = Annotated[str, AllowedNames(SmiStatus), "Status in the Smart Metering Inventory."]
Manufacturer = Annotated[str, Example("Toshiba")]
Model = Annotated[str, Example("433100AC")]
SupplierName = Annotated[str, Example("Brightwater Energy"), "For the DCC alone."]


class EstateHubSchema(TypedDict):
    """One hub of the estate; the last five say where it stands in the rollout that is under way."""

    guid: GuidText
    gpf_guid: Annotated[str | None, Example("00-DB-12-CC-56-78-9A-BC")]
    manufacturer: Manufacturer
    model: Model
    firmware_version: Version
    region: RegionName
    status: SmiName
    role: RoleName
    has_second_supplier: Annotated[bool, "There is one; who it is, nobody is told."]
    commissioned_on: date | None
    rollout_id: Annotated[int | None, Example(17)]
    rollout_name: Annotated[str | None, Example("Toshiba 0C230000")]
    state: Annotated[str | None, AllowedNames(TargetState)]
    consent: Annotated[str | None, AllowedNames(Consent)]
    effective_at: datetime | None
    import_supplier: NotRequired[SupplierName]
    gas_supplier: NotRequired[SupplierName]


class VersionHubsSchema(TypedDict):
    """How many hubs of a model run a version."""

    manufacturer: Manufacturer
    model: Model
    firmware_version: Version
    hubs: Count


class EstateSummarySchema(TypedDict):
    """The estate in numbers; a hub counts once in each."""

    hubs: Count
    with_second_supplier: Count
    by_role: Annotated[dict[str, int], Example({"BOTH": 3310})]
    by_region: HubsByRegion
    by_status: Annotated[dict[str, int], AllowedNames(SmiStatus)]
    by_version: list[VersionHubsSchema]


class HubPlaceSchema(TypedDict):
    """The hub's place in one rollout."""

    rollout_id: Id
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    rollout_status: StatusName
    batch: Annotated[str, Example("Safe launch group")]
    from_version: Version
    to_version: Version
    state: StateName
    reason: ReasonName
    consent: ConsentName
    attempts: int
    effective_at: datetime
    state_at: datetime
    cutoff_at: datetime
    activated_after_halt: bool
    answer: Annotated[str | None, AllowedNames(Answer), "Yours."]
    requested_at: datetime | None
    second_has_answered: bool | None
    second_requested_at: Annotated[datetime | None, "The time the second Supplier asks for."]
    is_when_distributed: Annotated[bool, "The effective time is the earliest: once its image is on the hub."]
    is_at_night: Annotated[
        bool, "It activates in the activation hours: nobody chose its time, or the chosen one has passed."
    ]
    activation_hours: Annotated[str, Example("22:00 to 06:00"), "Those of the rollout, local time."]
    commanded_for: Annotated[datetime | None, "The time it has been told to activate at, once it has."]
    is_held: Annotated[
        bool, "Its image is on its way or on the hub; nothing activates while an answer is awaited."
    ]
    next_step: Annotated[str | None, AllowedNames(NextStep), "What the hub waits for."]


class HubChangeSchema(TypedDict):
    """One line of the hub's history."""

    at: datetime
    kind: Annotated[str, AllowedNames(HistoryKind)]
    old: Annotated[str, Example("0C220000")]
    new: Annotated[str, Example("0C230000")]
    evidence: Annotated[str, Example("0x8F66")]
    rollout_id: Annotated[int | None, Example(17)]


class HubEntrySchema(TypedDict):
    """One entry of your own feed about the hub."""

    at: datetime
    kind: Annotated[str, AllowedNames([kind.public_name for kind in EntryKind])]
    reason: ReasonName
    rollout_id: Annotated[int | None, Example(17)]
    firmware_version: Annotated[str, Example("0C230000")]
    data: dict[str, Any]


class HubAlertSchema(TypedDict):
    """What came from the hub through its CSP; for the DCC and the CSP."""

    occurred_at: datetime
    alert_id: Annotated[str, Example("5f0c6a0e-9f0b-4b55-8e32-0a52c6f1a2b3")]
    code: Annotated[str, AllowedNames(AlertCode)]
    reason: ReasonName
    firmware_version: Annotated[str, Example("0C230000")]
    command_id: Annotated[int | None, Example(9001)]


class HubSchema(TypedDict):
    """One hub: what it is, and where it stands."""

    guid: GuidText
    gpf_guid: Annotated[str | None, Example("00-DB-12-CC-56-78-9A-BC")]
    manufacturer: Manufacturer
    model: Model
    hardware_version: Annotated[str, Example("00AC")]
    band: Annotated[str, Example("SINGLE")]
    firmware_version: Version
    cpl_status: Annotated[str, AllowedNames(CplStatus)]
    gpf_firmware_version: Annotated[str | None, Example("0C230000")]
    region: RegionName
    status: SmiName
    gpf_status: Annotated[str | None, AllowedNames(SmiStatus)]
    commissioned_on: date | None
    installed_on: date | None
    han_devices: Annotated[int, Example(4)]
    postcode_area: Annotated[str, Example("SW")]
    role: RoleName
    has_second_supplier: bool
    found_by_gpf: Annotated[bool, "The GUID that was asked for is that of its GPF."]
    labels: Annotated[list[str], Example(["tower block"])]
    places: list[HubPlaceSchema]
    import_supplier: NotRequired[SupplierName]
    gas_supplier: NotRequired[SupplierName]


class HubHistorySchema(TypedDict):
    """What happened to the hub, the latest first, as far as you may know."""

    guid: GuidText
    changes: list[HubChangeSchema]
    entries: list[HubEntrySchema]
    alerts: list[HubAlertSchema]


def estate_hub(row: HubRow) -> EstateHubSchema:
    """Return a hub of the estate."""
    document: EstateHubSchema = {
        "guid": row.guid,
        "gpf_guid": row.gpf_guid or None,
        "manufacturer": row.manufacturer,
        "model": row.model,
        "firmware_version": row.version,
        "region": row.region.name,
        "status": row.status.name,
        "role": row.role,
        "has_second_supplier": row.has_second_supplier,
        "commissioned_on": row.commissioned_on,
        "rollout_id": row.rollout_id,
        "rollout_name": row.rollout_name or None,
        "state": None if row.state is None else row.state.name,
        "consent": None if row.consent is None else row.consent.name,
        "effective_at": row.effective_at,
    }
    if isinstance(row, DccHubRow):
        document["import_supplier"] = row.import_supplier
        document["gas_supplier"] = row.gas_supplier
    return document


def estate_summary(counts: EstateCounts) -> EstateSummarySchema:
    """Return the estate in numbers."""
    return {
        "hubs": counts.total,
        "with_second_supplier": counts.split,
        "by_role": {role: hubs for role, hubs in counts.by_role.items() if role},
        "by_region": named(counts.by_region),
        "by_status": named(counts.by_status),
        "by_version": [
            {
                "manufacturer": each.manufacturer,
                "model": each.model,
                "firmware_version": each.version,
                "hubs": each.hubs,
            }
            for each in counts.by_version
        ],
    }


def hub(card: HubCard) -> HubSchema:
    """Return a hub."""
    record = card.record
    document: HubSchema = {
        "guid": record.guid,
        "gpf_guid": record.gpf_guid or None,
        "manufacturer": record.manufacturer,
        "model": record.model,
        "hardware_version": record.hardware_version,
        "band": record.band,
        "firmware_version": record.version,
        "cpl_status": record.cpl_status.value,
        "gpf_firmware_version": record.gpf_version or None,
        "region": record.region.name,
        "status": record.status.name,
        "gpf_status": None if record.gpf_status is None else record.gpf_status.name,
        "commissioned_on": record.commissioned_on,
        "installed_on": record.installed_on,
        "han_devices": record.han_devices,
        "postcode_area": record.postcode_area,
        "role": record.role,
        "has_second_supplier": record.has_second_supplier,
        "found_by_gpf": card.found_by_gpf,
        "labels": list(card.labels),
        "places": [_place(place) for place in card.places],
    }
    if card.import_supplier or card.gas_supplier:
        document["import_supplier"] = card.import_supplier
        document["gas_supplier"] = card.gas_supplier
    return document


def hub_history(card: HubCard) -> HubHistorySchema:
    """Return what happened to a hub."""
    return {
        "guid": card.record.guid,
        "changes": [_change(change) for change in card.changes],
        "entries": [_entry(entry) for entry in card.entries],
        "alerts": [_alert(alert) for alert in card.alerts],
    }


def _place(place: HubPlace) -> HubPlaceSchema:
    return {
        "rollout_id": place.rollout_id,
        "rollout_name": place.rollout_name,
        "rollout_status": place.rollout_status.value,
        "batch": place.batch,
        "from_version": place.from_version,
        "to_version": place.version,
        "state": place.state.name,
        "reason": reason_of(place.code),
        "consent": place.consent.name,
        "attempts": place.attempts,
        "effective_at": place.effective_at,
        "state_at": place.state_at,
        "cutoff_at": place.cutoff_at,
        "activated_after_halt": place.activated_after_halt,
        "answer": None if place.mine is None else place.mine.name,
        "requested_at": place.requested_at,
        "second_has_answered": place.second_has_answered,
        "second_requested_at": place.second_requested_at,
        "is_when_distributed": place.is_when_distributed,
        "is_at_night": place.is_at_night,
        "activation_hours": place.activation_hours,
        "commanded_for": place.commanded_for,
        "is_held": place.is_held,
        "next_step": None if place.next_step is None else place.next_step.name,
    }


def _change(change: HubChange) -> HubChangeSchema:
    return {
        "at": change.at,
        "kind": change.kind.name,
        "old": change.old,
        "new": change.new,
        "evidence": change.evidence,
        "rollout_id": change.rollout_id,
    }


def _entry(entry: HubEntry) -> HubEntrySchema:
    return {
        "at": entry.at,
        "kind": entry.kind.public_name,
        "reason": reason_of(entry.code),
        "rollout_id": entry.rollout_id,
        "firmware_version": entry.version,
        "data": entry.data,
    }


def _alert(alert: HubAlert) -> HubAlertSchema:
    return {
        "occurred_at": alert.occurred_at,
        "alert_id": alert.alert_id,
        "code": alert.code.name,
        "reason": reason_of(alert.reason),
        "firmware_version": alert.version,
        "command_id": alert.command_id,
    }
