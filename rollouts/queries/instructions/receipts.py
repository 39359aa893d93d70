"""What became of a Supplier's instructions: receipts, and the lines that were not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from portal.identity.models import User
from portal.identity.scope import Scope
from portal.kernel import paging
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from portal.kernel.refusals import NotFound
from rollouts.models import Instruction, InstructionLine
from rollouts.reads.instructions.receipts import Receipt
from rollouts.states import RejectionReason, RolloutStatus

PAGE_SIZE: Final = 30
LINES_SHOWN: Final = 50
_HEAVY: Final = ("pending_guids", "pending_lines", "source")


@dataclass(frozen=True, slots=True)
class NamedReceipt:
    """A receipt, and the rollout it is about."""

    receipt: Receipt
    rollout_name: str
    rollout_status: RolloutStatus
    cutoff_at: datetime
    """When the rollout stops taking other times."""
    by: str = ""
    """Who submitted it: a person or a client of one's own organisation, by name."""


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that was not taken, as it was written, and why."""

    line: int
    raw: str
    guid: str
    reason: str
    words: str
    detail: str
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """Filter of instructions; received from `since` on and before `until`."""

    rollout_id: int | None = None
    name: str = ""
    idempotency_key: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def conditions(self) -> dict[str, object]:
        """The same as Django's lookups."""
        wanted = {
            "rollout_id": self.rollout_id,
            "name": self.name,
            "idempotency_key": self.idempotency_key,
            "received_at__gte": self.since,
            "received_at__lt": self.until,
        }
        return {lookup: value for lookup, value in wanted.items() if value not in {None, ""}}


def receipts(
    scope: Scope, *, wanted: ReceiptFilter | None = None, cursor: str = "", size: int = PAGE_SIZE
) -> Page[NamedReceipt]:
    """List the organisation's own instructions, the latest first.

    Raises:
        BadCursor: it is not a cursor of ours.
    """
    instructions = _own(scope).filter(**(wanted or ReceiptFilter()).conditions).order_by("-pk")
    if (before := _cursors(scope).decode_id(cursor)) is not None:
        instructions = instructions.filter(pk__lt=before)
    rows = list(instructions.select_related("rollout")[: size + 1])
    shown = rows[:size]
    return Page(
        [_named(row) for row in shown],
        next=_cursors(scope).encode_id(shown[-1].pk) if len(rows) > size else None,
    )


def receipt(scope: Scope, reference: str) -> NamedReceipt:
    """Return the receipt of one of the organisation's own instructions.

    Raises:
        NotFound: there is none, or it is not the organisation's own.
    """
    instruction = own_instruction(scope, reference)
    person = User.objects.filter(pk=instruction.user_id or 0, organisation_id=scope.organisation_id)
    name = next(iter(person.values_list("name", flat=True)), "") if instruction.user_id else ""
    return replace(_named(instruction), by=name or instruction.client_id)


def refused_lines(scope: Scope, reference: str, *, most: int = LINES_SHOWN) -> Sequence[RejectedLine]:
    """List the first lines that were not taken.

    Raises:
        NotFound: there is no such instruction, or it is not the organisation's own.
    """
    lines = _lines(scope, reference).order_by("line_no", "pk")[:most]
    return [_refused(line) for line in lines]


def refused_page(
    scope: Scope, reference: str, *, after: str = "", size: int = LINES_SHOWN
) -> Page[RejectedLine]:
    """Return a page of the lines that were not taken, in the order of the list.

    Raises:
        NotFound: there is no such instruction, or it is not the organisation's own.
        BadCursor: the cursor is damaged.
    """
    lines = _lines(scope, reference)
    if after:
        line, place = (int(part) for part in _line_cursors(scope).decode(after, size=2))
        lines = lines.filter(Q(line_no__gt=line) | Q(line_no=line, pk__gt=place))
    rows = list(lines.order_by("line_no", "pk")[: size + 1])
    shown = rows[:size]
    following = _line_cursors(scope).encode(shown[-1].line_no, shown[-1].pk) if len(rows) > size else None
    return Page([_refused(line) for line in shown], next=following)


def every_refused_line(scope: Scope, reference: str) -> Iterator[RejectedLine]:
    """Yield every line that was not taken, in the order of the list; for files.

    Raises:
        NotFound: there is no such instruction, or it is not the organisation's own.
    """
    lines = _lines(scope, reference).order_by("line_no", "pk")
    return (_refused(line) for line in lines.iterator(chunk_size=5_000))


def own_instruction(scope: Scope, reference: str) -> Instruction:
    """Return one of the organisation's own instructions, without its list.

    Raises:
        NotFound: there is none, or it is not the organisation's own.
    """
    instruction = _own(scope).filter(reference=reference).first()
    if instruction is None:
        raise NotFound("There is no such instruction.")
    return instruction


def _own(scope: Scope) -> QuerySet[Instruction]:
    return Instruction.objects.filter(organisation_id=scope.organisation_id).defer(*_HEAVY)


def _named(instruction: Instruction) -> NamedReceipt:
    rollout = instruction.rollout
    return NamedReceipt(
        Receipt.of(instruction), rollout.name, RolloutStatus(rollout.status), rollout.cutoff_at
    )


def _lines(scope: Scope, reference: str) -> QuerySet[InstructionLine]:
    return InstructionLine.objects.filter(instruction_id=own_instruction(scope, reference).pk)


def _refused(line: InstructionLine) -> RejectedLine:
    known = line.reason in RejectionReason.values
    return RejectedLine(
        line=line.line_no,
        raw=line.raw,
        guid=str(Guid.from_db(line.guid)) if line.guid is not None else "",
        reason=line.reason,
        words=str(RejectionReason(line.reason).label) if known else line.reason,
        detail=line.detail,
        sheet=line.sheet,
    )


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("instructions", scope.organisation_id)


def _line_cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("instruction-lines", scope.organisation_id)
