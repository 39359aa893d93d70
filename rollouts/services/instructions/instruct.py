"""A Supplier's word about its hubs: from every channel through one door, with a receipt.

Up to `AT_ONCE` hubs are dealt with in the transaction that receives them. A longer list is stored first,
acknowledged, and applied in slices: each slice commits with the place it reached, so that a killed worker
costs one slice. It is judged by when it was received, never by when it is processed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from portal.events.journal import publish_entries, record
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_INSTRUCT
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.lines import one_line
from portal.kernel.opaque import drawn_reference
from portal.kernel.refusals import BadInput, NotPermitted, Refusal
from portal.kernel.spreadsheets import NotRead
from portal.kernel.transactions import inside_unit_of_work, run_after_commit, unit_of_work
from rollouts import rules
from rollouts.models import Instruction, Rollout
from rollouts.reads.instructions.receipts import InstructionTally, Receipt
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.services.instructions.answer import AnswerOrder, AnswerOutcome, apply_answers, judge_answers
from rollouts.services.instructions.apply import (
    enqueue_instruction,
    finish_instruction,
    keep_refused,
    notify_second_suppliers,
    publish_applied,
    store_source,
)
from rollouts.services.instructions.hub_list import HubList, RefusedLine, in_order, spelt_lines
from rollouts.states import (
    HALTED_STATUSES,
    RUNNING_STATUSES,
    BatchKind,
    Channel,
    CplStatus,
    InstructionKind,
    RejectionReason,
    RolloutStatus,
)

AT_ONCE: Final = 100_000
LONGEST_KEY: Final = 128
LONGEST_NAME: Final = 80
SHOWN_LINES: Final = 1_000


class InstructionRefused(Refusal):
    """The whole instruction cannot be taken; `code` is one of the reasons of a rejected line."""

    code = "instruction_refused"


class IdempotencyKeyReused(Refusal):
    """The key was used before, for something else."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Author:
    """For whom and by whom an instruction is given; the channel says how."""

    organisation_id: int
    channel: Channel
    user_id: int | None = None
    client_id: str = ""
    name: str = ""
    rule_version_id: int | None = None
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class InstructionForecast:
    """What an instruction would do, had it been given (a dry run); the first refused lines with it.

    `times` are the hubs of an agreement by the time it agrees with, none for no preference, in order.
    """

    lines: int
    tally: InstructionTally
    refused: Sequence[RefusedLine]
    not_read: Sequence[NotRead] = ()
    times: Mapping[datetime | None, int] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many hubs would be taken."""
        return self.tally.accepted

    @property
    def rejected(self) -> int:
        """How many lines would not be taken."""
        return self.tally.rejected


@unit_of_work
def receive_instruction(
    scope: Scope,
    *,
    rollout_id: int,
    kind: InstructionKind,
    source: HubList,
    received_at: datetime,
    now: datetime,
    activate_at: datetime | None = None,
    channel: Channel = Channel.PORTAL,
    group: BatchKind | None = BatchKind.SAFE_LAUNCH,
    batch_id: int | None = None,
    name: str = "",
    rule_version_id: int | None = None,
    idempotency_key: str = "",
) -> Receipt:
    """Take one Supplier's instruction for the hubs listed, and give a receipt for it.

    `group` says which hubs may be named: those of the safe launch group, those of the pilot group, or (None)
    both. The same key with the same instruction gives the same receipt again, also when sent twice at once.

    Raises:
        NotPermitted: not a Supplier, or a person or client without the role.
        NotFound: there is no such rollout, or none with hubs of this Supplier.
        IdempotencyKeyReused: the key belongs to another instruction.
        InstructionRefused: the rollout is halted or has ended, or its firmware left the CPL.
        rules.RuleBroken: it arrived after the cut-off, or asks for a time that cannot be.
        BadInput: nothing is listed, or the time or the names do not fit the kind.
    """
    _check_may_instruct(scope)
    author = Author(
        organisation_id=scope.organisation_id,
        channel=channel,
        user_id=scope.user_id,
        client_id=scope.client_id or "",
        name=name.strip(),
        rule_version_id=rule_version_id,
        idempotency_key=idempotency_key,
    )
    order = AnswerOrder(
        scope.organisation_id, InstructionKind(kind), activate_at, received_at, group, batch_id
    )
    if repeated := _repeated(author, order, source, rollout_id=rollout_id):
        return repeated
    rollout = _locked_rollout(scope, rollout_id)
    check_order(rollout, order, source)
    return give_instruction(scope, rollout=rollout, author=author, order=order, source=source, now=now)


@unit_of_work
def check_instruction(
    scope: Scope,
    *,
    rollout_id: int,
    kind: InstructionKind,
    source: HubList,
    received_at: datetime,
    now: datetime,
    activate_at: datetime | None = None,
    group: BatchKind | None = BatchKind.SAFE_LAUNCH,
    batch_id: int | None = None,
    most: int | None = SHOWN_LINES,
) -> InstructionForecast:
    """Return what `receive_instruction` would answer, and change nothing; raises what it would raise.

    At `most` so many refused lines come with it; all of them for None.
    """
    _check_may_instruct(scope)
    order = AnswerOrder(
        scope.organisation_id, InstructionKind(kind), activate_at, received_at, group, batch_id
    )
    rollout = visible_rollout(scope, rollout_id)
    check_order(rollout, order, source)
    outcome = judge_answers(rollout, order, guids=source.guids, lines=source.lines, now=now)
    refused = [*source.refused, *spelt_lines(outcome.missed, source.text, source.sheets)]
    tally = outcome.tally.plus(InstructionTally(rejected_by_reason=_by_reason(source.refused)))
    shown = in_order(refused, source.sheets)[:most]
    times = {} if order.kind != InstructionKind.AGREE else _in_order(outcome.times)
    return InstructionForecast(len(source), tally, shown, source.not_read, times)


def _in_order(times: Mapping[datetime | None, int]) -> dict[datetime | None, int]:
    return dict(sorted(times.items(), key=lambda item: (item[0] is None, item[0])))


@inside_unit_of_work
def give_instruction(
    scope: Scope,
    *,
    rollout: Rollout,
    author: Author,
    order: AnswerOrder,
    source: HubList,
    now: datetime,
    is_long: bool = False,
) -> Receipt:
    """Record an instruction that has passed its checks; apply it, or leave it to the worker if it is long.

    For use cases that instruct on a Supplier's behalf: a confirmed pilot, an approval rule. `scope` is who
    does it, `author` for whom. The caller holds the rollout row, and says where the instruction is part of
    something long.
    """
    instruction = _new_instruction(rollout, author, order, source)
    if not _inserted(instruction):
        repeated = _repeated(author, order, source, rollout_id=rollout.pk)
        if repeated is None:
            raise IdempotencyKeyReused("This Idempotency-Key was just used for another instruction.")
        return repeated
    keep_refused(instruction, source.refused)
    if is_long or len(source.guids) > AT_ONCE:
        store_source(instruction, source)
    else:
        outcome = apply_answers(
            rollout, order, instruction=instruction, guids=source.guids, lines=source.lines, now=now
        )
        _finish_at_once(instruction, source, outcome, now=now)
        notify_second_suppliers(instruction, outcome.others, outcome.lapsed, at=now)
    receipt = Receipt.of(instruction)
    _write_down(scope, instruction, receipt, at=now)
    return receipt


def check_order(rollout: Rollout, order: AnswerOrder, source: HubList) -> None:
    """Refuse what can be refused as a whole.

    Raises:
        InstructionRefused, rules.RuleBroken, BadInput: as `receive_instruction` does.
    """
    if not len(source):
        raise BadInput("The list names no hub. Give at least one GUID.", code="no_hubs")
    if order.activate_at is not None and order.kind not in _WITH_A_TIME:
        raise BadInput("This takes no time. Leave the time blank.", code="time_not_wanted")
    check_is_open(rollout)
    if order.kind != InstructionKind.WITHDRAW:  # which is possible until the activation has been sent
        rules.check_received(order.received_at, cutoff_at=rollout.cutoff_at)
    if order.kind == InstructionKind.INSTRUCT:
        rules.check_requested_at(
            order.activate_at, automatic_at=rollout.automatic_at, received_at=order.received_at
        )


_WITH_A_TIME: Final = frozenset({InstructionKind.INSTRUCT, InstructionKind.AGREE})


def check_is_open(rollout: Rollout) -> None:
    """Refuse answers to a rollout that is halted or over, or whose firmware is no longer on the CPL.

    Raises:
        InstructionRefused: with the reason's code.
    """
    status = RolloutStatus(rollout.status)
    if status not in RUNNING_STATUSES:
        code, words = _CLOSED_BY_STATUS.get(status, ("ROLLOUT_COMPLETE", "The rollout is complete."))
        raise InstructionRefused(words, code=code)
    if rollout.cpl_entry.status != CplStatus.ACTIVE:
        reason = RejectionReason.CPL_NOT_ACTIVE
        raise InstructionRefused(str(reason.label), code=reason.value)


_CLOSED_BY_STATUS: Final[Mapping[RolloutStatus, tuple[str, str]]] = {
    **{
        status: (RejectionReason.ROLLOUT_PAUSED.value, str(RejectionReason.ROLLOUT_PAUSED.label))
        for status in HALTED_STATUSES
    },
    RolloutStatus.STOPPED: (
        RejectionReason.ROLLOUT_STOPPED.value,
        str(RejectionReason.ROLLOUT_STOPPED.label),
    ),
    RolloutStatus.REVOKED: (
        RejectionReason.ROLLOUT_REVOKED.value,
        str(RejectionReason.ROLLOUT_REVOKED.label),
    ),
}


def _locked_rollout(scope: Scope, rollout_id: int) -> Rollout:
    # Shared: instructions run side by side, and a change of dates waits for those under way.
    sql.fetch_all("rollouts", "hold_rollout", rollout_id=rollout_id)
    return visible_rollout(scope, rollout_id)


def _check_may_instruct(scope: Scope) -> None:
    if not scope.is_supplier:
        raise NotPermitted("Only a Supplier can instruct its hubs.")
    scope.check(*MAY_INSTRUCT)


def _new_instruction(rollout: Rollout, author: Author, order: AnswerOrder, source: HubList) -> Instruction:
    if len(author.idempotency_key) > LONGEST_KEY or len(author.name) > LONGEST_NAME:
        raise BadInput(
            f"A name has at most {LONGEST_NAME} characters, a key at most {LONGEST_KEY}.", code="too_long"
        )
    row = sql.fetch_one("rollouts", "next_instruction_id")
    return Instruction(
        id=row.id,
        reference=drawn_reference("I"),
        rollout=rollout,
        organisation_id=author.organisation_id,
        user_id=author.user_id,
        client_id=author.client_id,
        channel=author.channel,
        kind=order.kind,
        name=author.name,
        activate_at=order.activate_at,
        received_at=order.received_at,
        file_name=one_line(source.file_name)[:200],
        sha256=source.digest,
        idempotency_key=author.idempotency_key,
        rule_version_id=author.rule_version_id,
        lines=len(source),
        sheets=list(source.sheets),
        not_read=source.not_read_documents,
        hub_group=order.group or "",
        batch_id=order.batch_id,
    )


def _inserted(instruction: Instruction) -> bool:
    """Insert the row; False where the key was used before, or is being used at this moment."""
    # A second request with the key waits here for the first to commit.
    Instruction.objects.bulk_create([instruction], ignore_conflicts=True)
    return not instruction.idempotency_key or Instruction.objects.filter(pk=instruction.pk).exists()


def _repeated(author: Author, order: AnswerOrder, source: HubList, *, rollout_id: int) -> Receipt | None:
    if not author.idempotency_key:
        return None
    earlier = Instruction.objects.filter(
        organisation_id=author.organisation_id, idempotency_key=author.idempotency_key
    ).first()
    if earlier is None:
        return None
    content = (source.digest, rollout_id, order.kind, order.activate_at, order.group or "", order.batch_id)
    stored = (
        bytes(earlier.sha256 or b""),
        earlier.rollout_id,
        earlier.kind,
        earlier.activate_at,
        earlier.hub_group,
        earlier.batch_id,
    )
    if content != stored:
        raise IdempotencyKeyReused(
            f"This Idempotency-Key belongs to instruction {earlier.reference}, which says something else. "
            "Send a new key with a new instruction."
        )
    return replace(Receipt.of(earlier), is_repeat=True)


def _finish_at_once(
    instruction: Instruction, source: HubList, outcome: AnswerOutcome, *, now: datetime
) -> None:
    keep_refused(instruction, spelt_lines(outcome.missed, source.text, source.sheets))
    tally = outcome.tally.plus(InstructionTally(rejected_by_reason=_by_reason(source.refused)))
    finish_instruction(instruction, tally, at=now)


def _by_reason(lines: Sequence[RefusedLine]) -> dict[str, int]:
    return dict(Counter(str(line.reason) for line in lines))


def _write_down(scope: Scope, instruction: Instruction, receipt: Receipt, *, at: datetime) -> None:
    facts = {
        "instruction": receipt.reference,
        "kind": receipt.kind,
        "channel": receipt.channel,
        "for": instruction.organisation_id,
        "activate_at": receipt.activate_at.isoformat() if receipt.activate_at else None,
        "lines": receipt.lines,
        "sha256": receipt.sha256,
        "status": receipt.status,
        "accepted": receipt.accepted,
        "rejected": receipt.rejected,
        "rule_version": instruction.rule_version_id,
    }
    record("instruction.received", subject=f"rollout:{receipt.rollout_id}", by=scope, at=at, facts=facts)
    notice = {key: facts[key] for key in ("instruction", "kind", "channel", "activate_at", "lines", "status")}
    publish_entries(
        EntryKind.INSTRUCTION_RECEIVED,
        parties=[instruction.organisation_id],
        at=at,
        rollout_id=receipt.rollout_id,
        data={**notice, "accepted": receipt.accepted, "rejected": receipt.rejected},
    )
    if receipt.is_finished:
        publish_applied(instruction, at=at, at_once=True)
    else:
        run_after_commit(lambda: enqueue_instruction(instruction.pk))
