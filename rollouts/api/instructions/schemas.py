"""Instructions: the receipt, what a dry run says, and the lines that were not taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, TypedDict

from portal.kernel.guid import Guid
from portal.kernel.spreadsheets import NotRead, NotReadKind
from portal.rest.schemas import AllowedNames, Count, Example
from rollouts.api.enums import HubsByConsent, HubsByDay, HubsByRejection, Id, named
from rollouts.queries.dispatch.hours import NightHours
from rollouts.queries.instructions.receipts import NamedReceipt, RejectedLine
from rollouts.reads.instructions.receipts import InstructionTally, Receipt
from rollouts.services import InstructionForecast, RefusedLine
from rollouts.states import Channel, InstructionKind, RejectionReason


class RejectionSchema(TypedDict):
    """A line that was not taken, as it was written, and why. An unknown hub and another's read the same."""

    line: Annotated[int, Example(12)]
    raw: Annotated[str, Example("00-DB-12-34-56-78-9A-BC")]
    guid: Annotated[str | None, Example("00-DB-12-34-56-78-9A-BC")]
    reason: Annotated[str, AllowedNames(RejectionReason)]
    words: Annotated[str, Example("Not a hub of yours in the inventory. Check the GUID.")]
    detail: Annotated[str, Example("")]
    sheet: Annotated[str, Example(""), "The sheet of a workbook; empty for a text."]


class NotReadSchema(TypedDict):
    """A part of a list that was not read: of no row of it a hub was taken."""

    kind: Annotated[str, AllowedNames(NotReadKind)]
    sheet: Annotated[str, Example("")]
    name: Annotated[str, Example("guid"), "The heading of the column, where it is one."]
    rows: Annotated[int, Example(1), "Rows that hold anything and were not read; 0 for a column."]
    where: Annotated[str, Example("1"), "Which lines, or which column."]
    words: Annotated[str, Example("Line 1 was taken for the heading: “guid”.")]


class InstructionSchema(TypedDict):
    """The receipt of an instruction, and how far it has come."""

    reference: Annotated[str, Example("I-7K2M9QX4TB")]
    rollout_id: Id
    kind: Annotated[str, AllowedNames(InstructionKind)]
    channel: Annotated[str, AllowedNames(Channel)]
    name: Annotated[str, Example("CRM run of 3 March")]
    activate_at: Annotated[datetime | None, "None: no preference."]
    received_at: Annotated[datetime, "When the last byte had arrived: this is what counts for the cut-off."]
    finished_at: Annotated[datetime | None, "None: it is still being applied."]
    status: Annotated[str, AllowedNames(["RECEIVED", "APPLYING", "APPLIED", "REFUSED"])]
    refusal: Annotated[str, Example(""), "Why it was refused as a whole, after it had been received."]
    sha256: Annotated[str, Example("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    lines: Count
    processed: Count
    accepted: Count
    rejected: Annotated[int, Example(2)]
    rejected_by_reason: HubsByRejection
    consents: HubsByConsent
    days: HubsByDay
    in_activation_hours: Annotated[int, Example(0), "Hubs whose time nobody chose to the minute."]
    not_read: Annotated[list[NotReadSchema], "What of the list was not read, the heading included."]
    rejections: Annotated[list[RejectionSchema], "The first 1,000; all of them are at `rejections_url`."]
    rejections_url: Annotated[str, Example("/api/v1/instructions/I-7K2M9QX4TB/rejections")]


class InstructionRowSchema(TypedDict):
    """An instruction in the list."""

    reference: Annotated[str, Example("I-7K2M9QX4TB")]
    rollout_id: Id
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    kind: Annotated[str, AllowedNames(InstructionKind)]
    channel: Annotated[str, AllowedNames(Channel)]
    name: Annotated[str, Example("CRM run of 3 March")]
    activate_at: datetime | None
    received_at: datetime
    finished_at: datetime | None
    status: Annotated[str, AllowedNames(["RECEIVED", "APPLYING", "APPLIED", "REFUSED"])]
    lines: Count
    processed: Count
    accepted: Count
    rejected: Annotated[int, Example(2)]


class AgreedTimeSchema(TypedDict):
    """A time of the second Supplier, and how many hubs have it."""

    activate_at: Annotated[datetime | None, "Null: any time suits it."]
    hubs: Count


class NightHoursSchema(TypedDict):
    """When hubs activate whose time nobody chose to the minute, in local time, and the first night ahead."""

    hours: Annotated[str, Example("22:00 to 06:00")]
    own_hours: Annotated[str, Example(""), "The narrower hours you keep; empty where you keep none."]
    begins_at: datetime
    ends_at: datetime


class DryRunSchema(TypedDict):
    """What an instruction would do, had it been given."""

    dry_run: Annotated[bool, Example(value=True)]
    lines: Count
    accepted: Count
    rejected: Annotated[int, Example(2)]
    rejected_by_reason: HubsByRejection
    consents: HubsByConsent
    days: HubsByDay
    in_activation_hours: Annotated[int, Example(0), "Hubs whose time nobody chose to the minute."]
    activation_hours: NightHoursSchema
    outside_activation_hours: Annotated[bool, "The chosen time lies outside the hours, and is kept."]
    agreed_times: Annotated[list[AgreedTimeSchema], "Of an agreement: the times it agrees with."]
    not_read: Annotated[list[NotReadSchema], "What of the list was not read, the heading included."]
    rejections: Annotated[list[RejectionSchema], "The first 1,000."]


def instruction(receipt: Receipt, lines: Sequence[RejectedLine], *, rejections_url: str) -> InstructionSchema:
    """Return a receipt with the first lines that were not taken."""
    return {
        "reference": receipt.reference,
        "rollout_id": receipt.rollout_id,
        "kind": receipt.kind,
        "channel": receipt.channel,
        "name": receipt.name,
        "activate_at": receipt.activate_at,
        "received_at": receipt.received_at,
        "finished_at": receipt.finished_at,
        "status": receipt.status,
        "refusal": receipt.refusal,
        "sha256": receipt.sha256,
        "lines": receipt.lines,
        "processed": receipt.processed,
        "accepted": receipt.accepted,
        "rejected": receipt.rejected,
        "rejected_by_reason": dict(receipt.tally.rejected_by_reason),
        "consents": named(receipt.tally.consents),
        "days": _days(receipt.tally),
        "in_activation_hours": receipt.tally.unchosen,
        "not_read": not_read(receipt.not_read),
        "rejections": [rejection(line) for line in lines],
        "rejections_url": rejections_url,
    }


def instruction_row(named_receipt: NamedReceipt) -> InstructionRowSchema:
    """Return an instruction of the list."""
    receipt = named_receipt.receipt
    return {
        "reference": receipt.reference,
        "rollout_id": receipt.rollout_id,
        "rollout_name": named_receipt.rollout_name,
        "kind": receipt.kind,
        "channel": receipt.channel,
        "name": receipt.name,
        "activate_at": receipt.activate_at,
        "received_at": receipt.received_at,
        "finished_at": receipt.finished_at,
        "status": receipt.status,
        "lines": receipt.lines,
        "processed": receipt.processed,
        "accepted": receipt.accepted,
        "rejected": receipt.rejected,
    }


def dry_run(
    verdict: InstructionForecast, nights: NightHours, *, activate_at: datetime | None
) -> DryRunSchema:
    """Return what an instruction would do."""
    return {
        "dry_run": True,
        "lines": verdict.lines,
        "accepted": verdict.accepted,
        "rejected": verdict.rejected,
        "rejected_by_reason": dict(verdict.tally.rejected_by_reason),
        "consents": named(verdict.tally.consents),
        "days": _days(verdict.tally),
        "in_activation_hours": verdict.tally.unchosen,
        "activation_hours": night_hours(nights),
        "outside_activation_hours": not nights.holds(activate_at),
        "agreed_times": [{"activate_at": at, "hubs": hubs} for at, hubs in verdict.times.items()],
        "not_read": not_read(verdict.not_read),
        "rejections": [refused(line) for line in verdict.refused],
    }


def night_hours(nights: NightHours) -> NightHoursSchema:
    """Return the hours of activation."""
    return {
        "hours": nights.words,
        "own_hours": nights.own_words,
        "begins_at": nights.begins_at,
        "ends_at": nights.ends_at,
    }


def rejection(line: RejectedLine) -> RejectionSchema:
    """Return a line that was not taken."""
    return {
        "line": line.line,
        "raw": line.raw,
        "guid": line.guid or None,
        "reason": line.reason,
        "words": line.words,
        "detail": line.detail,
        "sheet": line.sheet,
    }


def not_read(parts: Iterable[NotRead]) -> list[NotReadSchema]:
    """Return the parts of a list that were not read."""
    return [
        {
            "kind": part.kind.value,
            "sheet": part.sheet,
            "name": part.name,
            "rows": part.rows,
            "where": part.where,
            "words": part.words,
        }
        for part in parts
    ]


def refused(line: RefusedLine) -> RejectionSchema:
    """Return a line that was not taken, from what a service answers."""
    return {
        "line": line.line,
        "raw": line.raw,
        "guid": None if line.guid is None else str(Guid.from_db(line.guid)),
        "reason": str(line.reason),
        "words": str(RejectionReason(line.reason).label),
        "detail": line.detail,
        "sheet": line.sheet,
    }


def _days(tally: InstructionTally) -> dict[str, int]:
    return {day.isoformat(): hubs for day, hubs in sorted(tally.days.items())}
