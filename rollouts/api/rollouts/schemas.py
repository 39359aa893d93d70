"""A rollout: in a list, whole, and what will happen to its hubs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, TypedDict

from portal.rest.schemas import AllowedNames, Count, Example
from rollouts.api.enums import (
    HubsByReason,
    HubsByRegion,
    HubsByState,
    Id,
    KindName,
    PolicyName,
    PriorityName,
    SeverityName,
    StatusName,
    Version,
    named,
)
from rollouts.queries.rollouts.available import AvailableRollout, PossibleAct, RolloutPreview
from rollouts.queries.rollouts.dashboard import Flight
from rollouts.queries.rollouts.deadlines import MilestoneRow
from rollouts.queries.rollouts.progress import Progress
from rollouts.queries.rollouts.rollout import BatchProgress, NoteRevision, RolloutPage
from rollouts.states import Priority

_PRIORITIES: Final = {str(word.label): word.value for word in Priority}


class PossibleStepSchema(TypedDict):
    """A step you may take, for how many hubs, and until when."""

    what: Annotated[str, Example("INSTRUCT"), "A deed of a Supplier, or a step of the DCC or the Panel."]
    until: Annotated[datetime | None, "None: there is no limit in time."]
    hubs: Count


class RolloutRowSchema(TypedDict):
    """A rollout in the list, with your own numbers."""

    id: Id
    name: Annotated[str, Example("Toshiba 0C230000")]
    model: Annotated[str, Example("Toshiba 433100AC")]
    firmware_version: Version
    status: StatusName
    kind: KindName
    severity: SeverityName
    priority: PriorityName
    consent_policy: PolicyName
    has_pilot: bool
    notified_at: datetime | None
    cutoff_at: Annotated[datetime, "The last moment at which an instruction is in time."]
    automatic_at: Annotated[datetime, "When hubs that nobody instructed activate."]
    has_supplier_window: Annotated[bool, "False: the notice left Suppliers no time to instruct."]
    release_note_url: Annotated[str, Example("https://notes.example/1")]
    release_note_revision: int
    hubs: Annotated[Count, "Your hubs, without those that were withdrawn."]
    activated: Count
    failed: Count
    waiting_for_you: Annotated[Count, "Hubs whose time depends on your answer."]
    states: HubsByState
    possible: list[PossibleStepSchema]


class ReleaseNoteRevisionSchema(TypedDict):
    """One revision of the Release Note."""

    revision: int
    url: Annotated[str, Example("https://notes.example/1")]
    summary: Annotated[str, Example("Adds the known issue with meters of model M.")]
    published_at: datetime


class RolloutBatchSchema(TypedDict):
    """A batch of the rollout's hubs with times of its own, and your numbers in it."""

    id: Id
    name: Annotated[str, Example("Safe launch group")]
    kind: Annotated[str, AllowedNames(["PILOT", "SAFE_LAUNCH"])]
    automatic_at: datetime
    cutoff_at: datetime
    has_own_times: bool
    gate_open: Annotated[bool, "Shut: nothing is sent to its hubs yet."]
    hubs: Count
    activated: Count
    states: HubsByState


class RolloutDateSchema(TypedDict):
    """A date of the rollout."""

    label: Annotated[str, Example("Cut-off for instructions")]
    at: datetime | None
    note: Annotated[str, Example("")]


class RolloutCountsSchema(TypedDict):
    """Your hubs in a rollout."""

    hubs: Count
    activated: Count
    failed: Count
    waiting_for_you: Count


class PilotTimes(TypedDict):
    """The dates of a pilot, as members of its rollout."""

    pilot_starts_at: datetime | None
    pilot_ends_at: datetime | None
    pilot_started_at: datetime | None
    pilot_ended_at: datetime | None
    pilot_accepted_at: datetime | None
    pilot_skipped_at: datetime | None


class RolloutSchema(RolloutCountsSchema):
    """A rollout whole, with your own numbers."""

    id: Id
    name: Annotated[str, Example("Toshiba 0C230000")]
    description: str
    model: Annotated[str, Example("Toshiba 433100AC")]
    firmware_version: Version
    upgrades_from: Annotated[list[str], Example(["0C220000"])]
    image_sha256: Annotated[str, Example("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    status: StatusName
    status_at: datetime | None
    status_reason: Annotated[str, Example("")]
    kind: KindName
    severity: SeverityName
    priority: PriorityName
    consent_policy: PolicyName
    notified_at: datetime | None
    cutoff_at: datetime
    automatic_at: datetime
    unreachable_until: datetime | None
    has_supplier_window: bool
    has_pilot: bool
    pilot_cap: int
    pilot_starts_at: Annotated[datetime | None, "As it is planned."]
    pilot_ends_at: Annotated[datetime | None, "As it is planned."]
    pilot_started_at: datetime | None
    pilot_ended_at: datetime | None
    pilot_accepted_at: datetime | None
    pilot_skipped_at: datetime | None
    pilot_commentary: str
    states: HubsByState
    states_by_region: Annotated[dict[str, dict[str, int]], Example({"NORTH": {"ELIGIBLE": 3310}})]
    failures: HubsByReason
    retrying: HubsByReason
    withdrawn: HubsByReason
    dates: list[RolloutDateSchema]
    batches: list[RolloutBatchSchema]
    release_notes: list[ReleaseNoteRevisionSchema]
    steps: Annotated[list[str], Example(["suspend"]), "The steps your roles may take now."]


class SupplierShareSchema(TypedDict):
    """What publishing would mean to one Supplier."""

    organisation_id: Id
    name: Annotated[str, Example("Brightwater Energy")]
    hubs: Count
    as_import: Count
    as_gas: Count
    as_both: Count
    split: Annotated[Count, "Of its hubs, those with a second Supplier."]


class PreviewSchema(TypedDict):
    """What publishing a draft now would do."""

    hubs: Count
    split: Count
    without_supplier: Count
    without_window: Count
    has_supplier_window: bool
    by_supplier: list[SupplierShareSchema]
    by_region: HubsByRegion
    excluded: Annotated[dict[str, int], Example({"NOT_COMMISSIONED": 12})]
    problems: Annotated[list[str], Example(["release_note_missing"]), "What stands against it."]
    warnings: Annotated[list[str], Example(["image_missing"]), "What should be known before."]


def rollout_row(update: AvailableRollout) -> RolloutRowSchema:
    """Return a rollout of the list."""
    flight = update.flight
    return {
        "id": flight.id,
        "name": flight.name,
        "model": flight.model,
        "firmware_version": flight.version,
        "status": flight.status.value,
        "kind": flight.kind,
        "severity": flight.severity,
        "priority": update.priority,
        "consent_policy": update.consent_policy,
        "has_pilot": update.has_pilot,
        "notified_at": flight.notified_at,
        "cutoff_at": flight.cutoff_at,
        "automatic_at": flight.automatic_at,
        "has_supplier_window": flight.has_window,
        "release_note_url": update.note_url,
        "release_note_revision": update.note_revision,
        "hubs": flight.total,
        "activated": flight.activated,
        "failed": flight.failed,
        "waiting_for_you": flight.waiting_for_viewer,
        "states": named(flight.states),
        "possible": [_possible(each) for each in update.possible],
    }


def rollout(page: RolloutPage) -> RolloutSchema:
    """Return a rollout whole."""
    flight, progress = page.flight, page.progress
    return {
        "id": flight.id,
        "name": flight.name,
        "description": page.description,
        "model": flight.model,
        "firmware_version": flight.version,
        "upgrades_from": list(page.predecessors),
        "image_sha256": page.sha256,
        "status": flight.status.value,
        "status_at": page.status_at,
        "status_reason": page.status_reason,
        "kind": flight.kind,
        "severity": flight.severity,
        "priority": _PRIORITIES[page.priority],
        "consent_policy": page.consent_policy.value,
        "notified_at": flight.notified_at,
        "cutoff_at": flight.cutoff_at,
        "automatic_at": flight.automatic_at,
        "unreachable_until": page.unreachable_until,
        "has_supplier_window": flight.has_window,
        "has_pilot": page.has_pilot,
        "pilot_cap": page.pilot_cap,
        **_pilot_times(page),
        "pilot_commentary": page.pilot_commentary,
        **_counts(flight),
        "states": named(progress.states),
        "states_by_region": _by_region(progress),
        "failures": named(progress.failures),
        "retrying": named(progress.retrying),
        "withdrawn": named(progress.withdrawn),
        "dates": [_date(each) for each in page.milestones],
        "batches": batches(page),
        "release_notes": [release_note(note) for note in page.notes],
        "steps": [step.verb for step in page.steps],
    }


def _pilot_times(page: RolloutPage) -> PilotTimes:
    return {
        "pilot_starts_at": page.pilot_starts_at,
        "pilot_ends_at": page.pilot_ends_at,
        "pilot_started_at": page.pilot_started_at,
        "pilot_ended_at": page.pilot_ended_at,
        "pilot_accepted_at": page.pilot_accepted_at,
        "pilot_skipped_at": page.pilot_skipped_at,
    }


def batches(page: RolloutPage) -> list[RolloutBatchSchema]:
    """Return the batches of a rollout."""
    return [_batch(each) for each in page.batches]


def release_note(note: NoteRevision) -> ReleaseNoteRevisionSchema:
    """Return a revision of a Release Note."""
    return {
        "revision": note.revision,
        "url": note.url,
        "summary": note.summary,
        "published_at": note.published_at,
    }


def preview(outlook: RolloutPreview) -> PreviewSchema:
    """Return what publishing would do."""
    return {
        "hubs": outlook.hubs,
        "split": outlook.split,
        "without_supplier": outlook.without_supplier,
        "without_window": outlook.without_window,
        "has_supplier_window": outlook.has_window,
        "by_supplier": [_share(part) for part in outlook.by_supplier],
        "by_region": named(outlook.by_region),
        "excluded": named(outlook.excluded),
        "problems": list(outlook.problems),
        "warnings": list(outlook.warnings),
    }


def _counts(flight: Flight) -> RolloutCountsSchema:
    return {
        "hubs": flight.total,
        "activated": flight.activated,
        "failed": flight.failed,
        "waiting_for_you": flight.waiting_for_viewer,
    }


def _by_region(progress: Progress) -> dict[str, dict[str, int]]:
    return {region.name: named(states) for region, states in progress.by_region.items()}


def _share(part: Any) -> SupplierShareSchema:
    return {
        "organisation_id": part.organisation_id,
        "name": part.name,
        "hubs": part.hubs,
        "as_import": part.as_import,
        "as_gas": part.as_gas,
        "as_both": part.as_both,
        "split": part.split,
    }


def _possible(each: PossibleAct) -> PossibleStepSchema:
    return {"what": str(each.what), "until": each.until, "hubs": each.hubs}


def _date(milestone: MilestoneRow) -> RolloutDateSchema:
    return {"label": milestone.label, "at": milestone.at, "note": milestone.note}


def _batch(batch: BatchProgress) -> RolloutBatchSchema:
    return {
        "id": batch.id,
        "name": batch.name,
        "kind": "PILOT" if batch.is_pilot else "SAFE_LAUNCH",
        "automatic_at": batch.automatic_at,
        "cutoff_at": batch.cutoff_at,
        "has_own_times": batch.has_own_times,
        "gate_open": batch.gate_open,
        "hubs": batch.total,
        "activated": batch.activated,
        "states": named(batch.states),
    }
