"""How an instruction comes to its end: slice by slice where it is long, with its refused lines and facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from celery import current_app

from portal.events.journal import publish_entries, record
from portal.events.kinds import EntryKind
from portal.identity.models import OrganisationKind
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.crashes import CrashPoint, crash_point
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from rollouts.models import Instruction, Rollout
from rollouts.reads.instructions.receipts import InstructionTally, Receipt
from rollouts.services.instructions.answer import AnswerOrder, apply_staged
from rollouts.services.instructions.hub_list import (
    HubList,
    RefusedLine,
    compress_list,
    decompress_list,
    empty_staging,
    spelt_lines,
    stage,
)
from rollouts.states import BatchKind, InstructionKind, RejectionReason, RolloutStatus

SLICE: Final = 50_000
TASK: Final = "rollouts.tasks.apply_instruction"
_ENDED_BY_STATUS: Final = {
    RolloutStatus.STOPPED: RejectionReason.ROLLOUT_STOPPED,
    RolloutStatus.REVOKED: RejectionReason.ROLLOUT_REVOKED,
}


def enqueue_instruction(instruction_id: int) -> None:
    """Call a worker for a stored instruction. A lost call costs a few seconds: a tick finds the rest."""
    current_app.send_task(TASK, kwargs={"instruction_id": instruction_id})


@inside_unit_of_work
def store_source(instruction: Instruction, source: HubList) -> None:
    """Keep a long list with its instruction; the server makes the arrays out of what COPY brought."""
    stage(source.guids, source.lines)
    Instruction.objects.filter(pk=instruction.pk).update(
        source=compress_list(source.text),
        processed=len(source.refused),
        rejected=len(source.refused),
        rejected_by_reason=dict(Counter(str(line.reason) for line in source.refused)),
    )
    sql.execute("rollouts", "store_pending", instruction_id=instruction.pk)
    instruction.refresh_from_db(fields=["processed", "rejected", "rejected_by_reason"])


def apply_instruction(*, instruction_id: int, now: datetime) -> Receipt | None:
    """Apply what is left of a stored instruction, slice by slice; None while another worker is at it."""
    receipt = apply_next_slice(instruction_id=instruction_id, now=now)
    while receipt is not None and not receipt.is_finished:
        crash_point(CrashPoint.BETWEEN_SLICES)
        receipt = apply_next_slice(instruction_id=instruction_id, now=now)
    return receipt


def waiting_instructions() -> list[int]:
    """List the instructions that are not applied yet, the oldest first."""
    waiting = Instruction.objects.filter(
        status__in=[Instruction.Status.RECEIVED, Instruction.Status.APPLYING]
    )
    return list(waiting.order_by("id").values_list("id", flat=True))


@unit_of_work
def apply_next_slice(*, instruction_id: int, now: datetime, size: int = SLICE) -> Receipt | None:
    """Apply the next slice, and commit it with the place it reached.

    None where another worker holds the instruction: it goes on there.
    """
    rollout_id = Instruction.objects.filter(pk=instruction_id).values_list("rollout_id", flat=True).first()
    if rollout_id is None:
        return None
    sql.fetch_all("rollouts", "hold_rollout", rollout_id=rollout_id)
    instruction = (
        Instruction.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .defer("pending_guids", "pending_lines", "source")
        .filter(pk=instruction_id)
        .first()
    )
    if instruction is None:
        return None
    if instruction.finished_at is not None:
        return Receipt.of(instruction)
    rollout = Rollout.objects.select_related("cpl_entry").get(pk=rollout_id)
    _apply_slice(instruction, rollout, size=size, now=now)
    return Receipt.of(instruction)


def _apply_slice(instruction: Instruction, rollout: Rollout, *, size: int, now: datetime) -> None:
    before = InstructionTally.read(instruction)
    # Lines that no hub could be read from were dealt with on receipt: the arrays hold the others.
    total = sql.fetch_one("rollouts", "count_pending", instruction_id=instruction.pk).n
    first = instruction.processed - (instruction.lines - total)
    empty_staging()
    sql.execute(
        "rollouts", "stage_pending", instruction_id=instruction.pk, first=first + 1, last=first + size
    )
    if reason := _ENDED_BY_STATUS.get(RolloutStatus(rollout.status)):
        missed = [(row.guid, row.line_no, reason.value, "") for row in sql.fetch_all("rollouts", "staged")]
        tally = InstructionTally(rejected_by_reason={reason.value: len(missed)} if missed else {})
    else:
        outcome = apply_staged(rollout, order_of(instruction), instruction=instruction, now=now)
        missed, tally = list(outcome.missed), outcome.tally
        _add_hubs(instruction, _OTHERS, outcome.others)
        _add_hubs(instruction, _LAPSED, outcome.lapsed)
    if missed:
        source = Instruction.objects.values_list("source", flat=True).get(pk=instruction.pk)
        keep_refused(instruction, spelt_lines(missed, decompress_list(source), instruction.sheets))
    instruction.processed += min(size, total - first)
    after = before.plus(tally)
    if instruction.processed < instruction.lines:
        _save(instruction, after, status=Instruction.Status.APPLYING)
        return
    notify_second_suppliers(
        instruction, _hubs_of(instruction, _OTHERS), _hubs_of(instruction, _LAPSED), at=now
    )
    instruction.summary = {}
    finish_instruction(instruction, after, at=now)
    _write_down_applied(instruction, at=now)


def order_of(instruction: Instruction) -> AnswerOrder:
    """Read back what a stored instruction says."""
    return AnswerOrder(
        party_id=instruction.organisation_id,
        kind=InstructionKind(instruction.kind),
        activate_at=instruction.activate_at,
        received_at=instruction.received_at,
        group=BatchKind(instruction.hub_group) if instruction.hub_group else None,
        batch_id=instruction.batch_id,
    )


@inside_unit_of_work
def finish_instruction(instruction: Instruction, tally: InstructionTally, *, at: datetime) -> None:
    """Settle the counts of an instruction that is wholly applied, and let go of what it no longer needs."""
    instruction.processed = instruction.lines
    instruction.finished_at = at
    _save(instruction, tally, status=Instruction.Status.APPLIED)


@inside_unit_of_work
def keep_refused(instruction: Instruction, lines: Sequence[RefusedLine]) -> None:
    """Keep the lines that were not taken, as they were written, each with its reason (R4.2)."""
    if not lines:
        return
    sql.execute("rollouts", "stage_refused_lines")
    sql.copy_rows(
        "rollouts_staged_line",
        ("instruction_id", "line_no", "raw", "guid", "reason", "detail", "sheet"),
        (
            # COPY and PostgreSQL text know no NUL.
            (
                instruction.pk,
                line.line,
                line.raw.replace("\x00", ""),
                line.guid,
                str(line.reason),
                line.detail.replace("\x00", ""),
                line.sheet,
            )
            for line in lines
        ),
    )
    sql.execute("rollouts", "keep_refused_lines")


@inside_unit_of_work
def notify_second_suppliers(
    instruction: Instruction, hubs_by_party: Mapping[int, int], lapsed: Mapping[int, int], *, at: datetime
) -> None:
    """Tell each second Supplier on how many of its hubs the other has answered, and what time it asks for.

    It never learns who. Those whose agreements have lapsed with it are asked again (R3.4).
    """
    if not hubs_by_party:
        return
    has_instructed = instruction.kind == InstructionKind.INSTRUCT
    wanted_at = instruction.activate_at if has_instructed else None
    publish_entries(
        EntryKind.SECOND_SUPPLIER_ANSWERED,
        parties=hubs_by_party,
        at=at,
        rollout_id=instruction.rollout_id,
        data={
            "has_answered": instruction.kind != InstructionKind.WITHDRAW,
            "has_instructed": has_instructed,
            "activate_at": wanted_at.isoformat() if wanted_at else None,
        },
        data_by_party={party: {"hubs": hubs} for party, hubs in hubs_by_party.items()},
    )
    notify_lapsed(instruction.rollout_id, lapsed, at=at)


@inside_unit_of_work
def notify_lapsed(rollout_id: int, hubs_by_party: Mapping[int, int], *, at: datetime) -> None:
    """Tell Suppliers on how many hubs they had agreed with a time that no longer stands."""
    if not hubs_by_party:
        return
    publish_entries(
        EntryKind.INSTRUCTION_VOIDED,
        parties=hubs_by_party,
        at=at,
        rollout_id=rollout_id,
        data={"reason": "AGREEMENT_LAPSED"},
        data_by_party={party: {"hubs": hubs} for party, hubs in hubs_by_party.items()},
    )


def _save(instruction: Instruction, tally: InstructionTally, *, status: Instruction.Status) -> None:
    instruction.status = status
    instruction.accepted = tally.accepted
    instruction.rejected = tally.rejected
    instruction.rejected_by_reason = dict(tally.rejected_by_reason)
    instruction.summary = {**instruction.summary, **tally.document}
    fields = ["status", "processed", "accepted", "rejected", "rejected_by_reason", "summary", "finished_at"]
    if status == Instruction.Status.APPLIED:
        instruction.pending_guids = instruction.pending_lines = instruction.source = None
        fields += ["pending_guids", "pending_lines", "source"]
    instruction.save(update_fields=fields)


# Until its end a long instruction remembers in its summary whom to tell; receipts do not show it.
_OTHERS: Final = "second_suppliers"
_LAPSED: Final = "lapsed_agreements"


def _hubs_of(instruction: Instruction, name: str) -> dict[int, int]:
    return {int(party): hubs for party, hubs in instruction.summary.get(name, {}).items()}


def _add_hubs(instruction: Instruction, name: str, hubs_by_party: Mapping[int, int]) -> None:
    added = Counter(_hubs_of(instruction, name)) + Counter(hubs_by_party)
    instruction.summary[name] = {str(party): hubs for party, hubs in added.items()}


@inside_unit_of_work
def publish_applied(instruction: Instruction, *, at: datetime, at_once: bool) -> Mapping[str, object]:
    """Tell a Supplier that an instruction is applied; return what. `at_once`: as it was received."""
    data: dict[str, object] = {
        "instruction": instruction.reference,
        "kind": instruction.kind,
        "lines": instruction.lines,
        "accepted": instruction.accepted,
        "rejected": instruction.rejected,
        "at_once": at_once,
    }
    publish_entries(
        EntryKind.INSTRUCTION_APPLIED,
        parties=[instruction.organisation_id],
        at=at,
        rollout_id=instruction.rollout_id,
        data=data,
    )
    return data


def _write_down_applied(instruction: Instruction, *, at: datetime) -> None:
    data = publish_applied(instruction, at=at, at_once=False)
    by = Scope(
        organisation_id=instruction.organisation_id,
        kind=OrganisationKind.SUPPLIER,
        user_id=instruction.user_id,
        name="the portal",
    )
    record("instruction.applied", subject=f"rollout:{instruction.rollout_id}", by=by, at=at, facts=data)
