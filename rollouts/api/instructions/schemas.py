"""Instructions: the receipt, what a dry run says, and the lines that were not taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypedDict

from portal.kernel.guid import Guid
from portal.rest.schemas import AllowedNames, Count, Example
from rollouts.api.enums import HubsByConsent, HubsByDay, HubsByRejection, Id, named
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


class DryRunSchema(TypedDict):
    """What an instruction would do, had it been given."""

    dry_run: Annotated[bool, Example(value=True)]
    lines: Count
    accepted: Count
    rejected: Annotated[int, Example(2)]
    rejected_by_reason: HubsByRejection
    consents: HubsByConsent
    days: HubsByDay
    rejections: Annotated[list[RejectionSchema], "The first 1,000."]


def instruction(receipt: Receipt, lines: Sequence[RejectedLine], *, rejections_url: str) -> InstructionSchema:
    """Give a receipt with the first lines that were not taken."""
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
        "rejections": [rejection(line) for line in lines],
        "rejections_url": rejections_url,
    }


def instruction_row(named_receipt: NamedReceipt) -> InstructionRowSchema:
    """Give an instruction of the list."""
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


def dry_run(verdict: InstructionForecast) -> DryRunSchema:
    """Give what an instruction would do."""
    return {
        "dry_run": True,
        "lines": verdict.lines,
        "accepted": verdict.accepted,
        "rejected": verdict.rejected,
        "rejected_by_reason": dict(verdict.tally.rejected_by_reason),
        "consents": named(verdict.tally.consents),
        "days": _days(verdict.tally),
        "rejections": [_refused(line) for line in verdict.refused],
    }


def rejection(line: RejectedLine) -> RejectionSchema:
    """Give a line that was not taken."""
    return {
        "line": line.line,
        "raw": line.raw,
        "guid": line.guid or None,
        "reason": line.reason,
        "words": line.words,
        "detail": line.detail,
    }


def of_line(line: int, raw: str, reason: str) -> RejectionSchema:
    """Give a line of which no more is known."""
    return {
        "line": line,
        "raw": raw,
        "guid": None,
        "reason": reason,
        "words": str(RejectionReason(reason).label),
        "detail": "",
    }


def _refused(line: RefusedLine) -> RejectionSchema:
    return {
        "line": line.line,
        "raw": line.raw,
        "guid": None if line.guid is None else str(Guid.from_db(line.guid)),
        "reason": str(line.reason),
        "words": str(RejectionReason(line.reason).label),
        "detail": line.detail,
    }


def _days(tally: InstructionTally) -> dict[str, int]:
    return {day.isoformat(): hubs for day, hubs in sorted(tally.days.items())}
