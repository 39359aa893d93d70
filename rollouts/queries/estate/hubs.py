"""One hub with its history, as far as the viewer may know it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from portal.events.kinds import EntryKind
from portal.identity.models import Organisation
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid, GuidProblem, read
from portal.kernel.guid.value import OFFSET
from portal.kernel.refusals import NotFound
from rollouts.models import CspChannel, HubLabel, Rollout
from rollouts.queries.estate.next_step import NextStep, next_step
from rollouts.queries.estate.searching import hub_of
from rollouts.reads.rollouts.chosen import AUTOMATIC_IF_CHOSEN, is_chosen
from rollouts.rules import activation
from rollouts.states import (
    AWAITING_CONSENTS,
    IMAGE_NOT_ON_HUB,
    SETTLED,
    STAGE_OF_STATE,
    AlertCode,
    Answer,
    Consent,
    CplStatus,
    FailureCode,
    HistoryKind,
    Region,
    RolloutStatus,
    SmiStatus,
    TargetState,
    failure_code,
)

MOST_TOLD: Final = 200
"""So many changes, entries and alerts are shown of each; the latest ones."""


@dataclass(frozen=True, slots=True)
class HubRecord:
    """What the inventory says of a hub and its GPF. `role` is the viewer's own."""

    guid: str
    gpf_guid: str
    manufacturer: str
    model: str
    hardware_version: str
    band: str
    version: str
    cpl_status: CplStatus
    gpf_version: str
    region: Region
    status: SmiStatus
    gpf_status: SmiStatus | None
    commissioned_on: date | None
    installed_on: date | None
    han_devices: int
    postcode_area: str
    role: str
    has_second_supplier: bool


@dataclass(frozen=True, slots=True)
class HubChange:
    """One line of a hub's history.

    Of a change of Supplier, only the DCC reads names; a Supplier reads its own name, and nothing for
    anybody else.
    """

    at: datetime
    kind: HistoryKind
    old: str
    new: str
    evidence: str
    rollout_id: int | None


@dataclass(frozen=True, slots=True)
class HubPlace:
    """A hub's place in one rollout. `mine` and what follows are none for those who answer for no hub."""

    rollout_id: int
    rollout_name: str
    rollout_status: RolloutStatus
    batch: str
    from_version: str
    version: str
    state: TargetState
    code: FailureCode
    consent: Consent
    attempts: int
    effective_at: datetime
    state_at: datetime
    cutoff_at: datetime
    activated_after_halt: bool
    mine: Answer | None
    requested_at: datetime | None
    second_has_answered: bool | None
    second_requested_at: datetime | None
    is_when_distributed: bool
    """The effective time is the earliest: nobody chose it, and the image is not on the hub yet."""
    is_unchosen: bool
    is_at_night: bool
    """It activates in the hours of activation: nobody chose its time, or the chosen one has passed."""
    activation_hours: str
    commanded_for: datetime | None
    """The time it has been told to activate at, once it has."""
    next_step: NextStep | None

    @property
    def is_settled(self) -> bool:
        """Return whether nothing more happens to the hub here."""
        return STAGE_OF_STATE[self.state] == SETTLED

    @property
    def is_held(self) -> bool:
        """Return whether its image is on its way or on the hub, while an answer is awaited again."""
        return self.consent in AWAITING_CONSENTS and self.state in (
            TargetState.DISTRIBUTING,
            TargetState.DISTRIBUTED,
        )


@dataclass(frozen=True, slots=True)
class HubEntry:
    """One entry of the viewer's own feed about the hub."""

    at: datetime
    kind: EntryKind
    code: FailureCode
    rollout_id: int | None
    version: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HubAlert:
    """What came from the hub through its CSP."""

    occurred_at: datetime
    alert_id: str
    code: AlertCode
    reason: FailureCode
    version: str
    command_id: int | None


@dataclass(frozen=True, slots=True)
class HubCard:
    """A hub with its history. `alerts` are for the DCC and the CSP, names for the DCC alone."""

    record: HubRecord
    places: Sequence[HubPlace]
    changes: Sequence[HubChange]
    entries: Sequence[HubEntry]
    labels: Sequence[str]
    alerts: Sequence[HubAlert]
    import_supplier: str = ""
    gas_supplier: str = ""
    found_by_gpf: bool = False

    @property
    def current(self) -> HubPlace | None:
        """The rollout that is upgrading the hub now."""
        return next((place for place in self.places if not place.is_settled), None)


def hub_card(scope: Scope, *, guid: str, now: datetime) -> HubCard:
    """Return a hub's story by its GUID, or that of its GPF, in any spelling.

    Raises:
        NotFound: there is no such hub, or not for this organisation: the two take the same steps.
    """
    wanted = read(guid)
    asked_guid = 0 if isinstance(wanted, GuidProblem) else wanted - OFFSET
    hub_guid = hub_of(asked_guid)
    row = hub_row(scope, hub_guid)
    if row is None or isinstance(wanted, GuidProblem):
        raise NotFound("There is no such hub in your estate.")
    imports, gas = _suppliers(hub_guid) if scope.is_dcc else ("", "")
    return HubCard(
        record=_as_record(row),
        places=_places(scope, row, now=now),
        changes=_changes(scope, row),
        entries=_entries(scope, hub_guid),
        labels=_labels(scope, hub_guid),
        alerts=_alerts(hub_guid) if scope.is_dcc or scope.is_csp else (),
        import_supplier=imports,
        gas_supplier=gas,
        found_by_gpf=hub_guid != asked_guid,
    )


def hub_row(scope: Scope, guid: int) -> Any:
    """Return the record of a hub; None where there is none, or not for this organisation."""
    served = CspChannel.objects.filter(csp_id=scope.organisation_id).values_list("region", flat=True)
    rows = sql.fetch_all(
        "rollouts",
        "hub_record",
        guid=guid,
        party=scope.organisation_id if scope.is_supplier else None,
        sees_all=scope.is_dcc,
        served=sorted(served) if scope.is_csp else [],
    )
    return rows[0] if rows else None


def _as_record(row: Any) -> HubRecord:
    return HubRecord(
        guid=str(Guid.from_db(row.guid)),
        gpf_guid=_spelt(row.gpf_guid),
        manufacturer=row.manufacturer,
        model=row.model,
        hardware_version=row.hardware_version,
        band=row.band,
        version=row.firmware_version,
        cpl_status=CplStatus(row.cpl_status),
        gpf_version=row.gpf_version or "",
        region=Region(row.region),
        status=SmiStatus(row.smi_status),
        gpf_status=SmiStatus(row.gpf_status) if row.gpf_status else None,
        commissioned_on=row.commissioned_on,
        installed_on=row.installed_on,
        han_devices=row.han_devices,
        postcode_area=row.postcode_area,
        role=row.role,
        has_second_supplier=row.is_split,
    )


def _spelt(guid: int | None) -> str:
    return "" if guid is None else str(Guid.from_db(guid))


def _places(scope: Scope, hub: Any, *, now: datetime) -> list[HubPlace]:
    published = Rollout.objects.exclude(status=RolloutStatus.DRAFT).filter(
        cpl_entry__device_model_id=hub.device_model_id
    )
    rollouts = sorted(published.values_list("pk", flat=True))
    return [_place(row, now=now) for row in place_rows(scope, hub.guid, rollouts=rollouts)]


def place_rows(scope: Scope, guid: int, *, rollouts: Sequence[int]) -> list[Any]:
    """Return the rows of a hub's places in rollouts, as far as the caller may know of them."""
    params: dict[str, object] = {
        "guid": guid,
        "rollouts": list(rollouts),
        "party": scope.organisation_id if scope.is_supplier else None,
        "is_supplier": scope.is_supplier,
    }
    chosen = is_chosen("t", automatic_at=f"coalesce(b.automatic_at, {AUTOMATIC_IF_CHOSEN})")
    return sql.rows(sql.statement("rollouts", "hub_places", is_chosen=chosen), params)


def _place(row: Any, *, now: datetime) -> HubPlace:
    cutoff_at = row.batch_cutoff_at or row.cutoff_at
    return HubPlace(
        rollout_id=row.rollout_id,
        rollout_name=row.name,
        rollout_status=RolloutStatus(row.status),
        batch=row.batch,
        from_version=row.from_version,
        version=row.version,
        state=TargetState(row.state),
        code=failure_code(row.code),
        consent=Consent(row.consent),
        attempts=row.attempts,
        effective_at=row.effective_at,
        state_at=row.state_at,
        cutoff_at=cutoff_at,
        activated_after_halt=row.activated_after_halt,
        mine=None if row.mine is None else Answer(row.mine),
        requested_at=row.requested_at,
        second_has_answered=row.second_has_answered,
        second_requested_at=row.second_requested_at,
        is_unchosen=row.is_unchosen,
        is_at_night=row.is_unchosen or activation.is_missed(row.effective_at, now=now),
        activation_hours=activation.hours_words(activation.read_hours(sql.from_json(row.hours))),
        commanded_for=row.commanded_for,
        is_when_distributed=(
            STAGE_OF_STATE[TargetState(row.state)] == IMAGE_NOT_ON_HUB
            and row.effective_at in (cutoff_at, row.answered_at)
        ),
        next_step=next_step(
            TargetState(row.state),
            consent=Consent(row.consent),
            mine=None if row.mine is None else Answer(row.mine),
        ),
    )


def _changes(scope: Scope, hub: Any) -> list[HubChange]:
    rows = sql.fetch_all(
        "rollouts",
        "hub_changes",
        guid=hub.guid,
        gpf_guid=hub.gpf_guid,
        party=scope.organisation_id if scope.is_supplier else None,
        sees_all=scope.is_dcc,
        size=MOST_TOLD,
    )
    names = _names(rows) if scope.is_dcc else {"own": scope.organisation_name}
    return [
        HubChange(
            at=row.at,
            kind=HistoryKind(row.kind),
            old=_named(row.kind, row.old_value, names),
            new=_named(row.kind, row.new_value, names),
            evidence=row.evidence,
            rollout_id=row.rollout_id,
        )
        for row in rows
    ]


_OF_SUPPLIERS: Final = frozenset({HistoryKind.IMPORT_SUPPLIER, HistoryKind.GAS_SUPPLIER})


def _named(kind: int, value: str, names: dict[str, str]) -> str:
    return names.get(value, "") if kind in _OF_SUPPLIERS else value


def _names(rows: Sequence[Any]) -> dict[str, str]:
    wanted = {
        int(value)
        for row in rows
        if row.kind in _OF_SUPPLIERS
        for value in (row.old_value, row.new_value)
        if value.isdecimal()
    }
    organisations = Organisation.objects.filter(pk__in=wanted).values_list("pk", "name")
    return {str(pk): name for pk, name in organisations}


def _suppliers(guid: int) -> tuple[str, str]:
    row = sql.fetch_one("rollouts", "hub_suppliers", guid=guid)
    return row.imports, row.gas


def _entries(scope: Scope, guid: int) -> list[HubEntry]:
    rows = sql.fetch_all("rollouts", "hub_entries", guid=guid, party=scope.organisation_id, size=MOST_TOLD)
    return [
        HubEntry(
            at=row.at,
            kind=EntryKind(row.kind),
            code=failure_code(row.code),
            rollout_id=row.rollout_id,
            version=row.version or "",
            data=sql.from_json(row.data) or {},
        )
        for row in rows
    ]


def _labels(scope: Scope, guid: int) -> list[str]:
    own = HubLabel.objects.filter(organisation_id=scope.organisation_id, guid=guid)
    return sorted(own.values_list("label", flat=True))


def _alerts(guid: int) -> list[HubAlert]:
    rows = sql.fetch_all("rollouts", "hub_alerts", guid=guid, size=MOST_TOLD)
    return [
        HubAlert(
            row.occurred_at,
            str(row.alert_id),
            AlertCode(row.code),
            failure_code(row.reason),
            row.firmware_version,
            row.command_id if row.command_id and row.command_id > 0 else None,
        )
        for row in rows
    ]
