"""Putting one Supplier's answer on many hubs: one statement that changes, one that explains the misses.

Each check stands once, as an SQL condition with its reason: the rollout asks for all of them, the
explanation names the first that fails. So what is refused and what is explained cannot differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import orjson

from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.statements import Sql, literal
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models import Batch, Instruction, Rollout
from rollouts.reads.instructions.receipts import InstructionTally
from rollouts.reads.rollouts.chosen import is_chosen, is_chosen_sql
from rollouts.services.instructions.hub_list import STAGING, Int64s, own_hubs, stage, staged_bounds
from rollouts.services.instructions.resolve import (
    IS_CHOSEN_AS_ANSWERED,
    Terms,
    answered_columns,
    has_lapsed_sql,
    resolution_sql,
    slots_of,
    state_sql,
    terms_of,
    with_answer,
)
from rollouts.states import (
    CHANGEABLE_STATES,
    FAILED_STATES,
    OPEN_STATUSES,
    Answer,
    BatchKind,
    Consent,
    InstructionKind,
    RejectionReason,
    TargetState,
)

ANSWER_OF_KIND: Final = {
    InstructionKind.INSTRUCT: Answer.INSTRUCTED,
    InstructionKind.AGREE: Answer.AGREED,
    InstructionKind.DECLINE: Answer.DECLINED,
    InstructionKind.WITHDRAW: Answer.NONE,
}
SUPERSEDED: Final = "SUPERSEDED"
_IS_IMPORT: Final = "t.import_supplier_id = %(party_id)s"
_IS_MINE: Final = "(t.import_supplier_id = %(party_id)s OR t.gas_supplier_id = %(party_id)s)"
_MISSED: Final = "(SELECT guid, line_no FROM rollouts_missed_guid JOIN rollouts_staged_guid USING (guid))"
_MISSED_COLUMNS: Final = (
    "t.batch_id, t.import_supplier_id, t.gas_supplier_id, t.import_answer, t.gas_answer,"
    " t.import_time, t.gas_time, t.import_instruction_id, t.gas_instruction_id"
)


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    """What a Supplier says about hubs of a rollout, and which of them it may speak of.

    The time of an agreement is the one it agrees with: hubs with another are refused. None agrees with
    whatever stands.
    """

    party_id: int
    kind: InstructionKind
    activate_at: datetime | None
    received_at: datetime
    group: BatchKind | None = BatchKind.SAFE_LAUNCH
    batch_id: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """What came of it: the counts, the misses (guid, line, reason, detail), and hubs by second Supplier.

    `lapsed` counts those whose second Supplier had agreed with a time that no longer stands; `times`, of an
    agreement that is judged, the hubs by the time it agrees with.
    """

    tally: InstructionTally
    missed: Sequence[tuple[int, int, str, str]] = ()
    others: dict[int, int] = field(default_factory=dict)
    lapsed: dict[int, int] = field(default_factory=dict)
    times: dict[datetime | None, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Check:
    """A condition on a target (`t`), and the reason for which a hub that fails it is not taken."""

    reason: str
    holds: str


@inside_unit_of_work
def apply_answers(
    rollout: Rollout,
    order: AnswerOrder,
    *,
    instruction: Instruction,
    guids: Int64s,
    lines: Int64s | None,
    now: datetime,
) -> AnswerOutcome:
    """Write the answer on every named hub that passes all checks; say why each other one did not.

    GUIDs come sorted, each once. The caller holds the rollout row. Targets are locked in GUID order.
    """
    stage(guids, lines)
    return apply_staged(rollout, order, instruction=instruction, now=now)


@inside_unit_of_work
def apply_staged(
    rollout: Rollout, order: AnswerOrder, *, instruction: Instruction, now: datetime
) -> AnswerOutcome:
    """Do the same for GUIDs that are staged already."""
    statement = _Statement(rollout, order, now=now, instruction=instruction)
    in_guid_order()
    rows = sql.rows(statement.apply, statement.params)
    sql.set_local(enable_bitmapscan="on", enable_seqscan="on")
    applied = [row for row in rows if row.consent is not None]
    others: Counter[int] = Counter()
    lapsed: Counter[int] = Counter()
    for row in applied:
        if row.other_id is not None:
            others[row.other_id] += row.n
            lapsed[row.other_id] += row.lapsed
    if any(row.under_way for row in applied):
        put_back_unsent(rollout.pk, [row.guid for row in sql.fetch_all("rollouts", "staged")], now=now)
    tally = InstructionTally.of(applied)
    if not rows[0].missed:
        return AnswerOutcome(tally, others=dict(others), lapsed=dict(+lapsed))
    explained = _explain(statement, _MISSED)
    return AnswerOutcome(tally.plus(explained.tally), explained.missed, dict(others), dict(+lapsed))


@inside_unit_of_work
def put_back_unsent(rollout_id: int, guids: Sequence[int], *, now: datetime) -> int:
    """Put hubs back whose answer is awaited again and whose image has not left; return how many."""
    row = sql.fetch_one("rollouts", "put_back_unsent", rollout_id=rollout_id, guids=list(guids), now=now)
    return int(row.hubs)


@inside_unit_of_work
def judge_answers(
    rollout: Rollout, order: AnswerOrder, *, guids: Int64s, lines: Int64s | None, now: datetime
) -> AnswerOutcome:
    """Return what `apply_answers` would do, and change nothing."""
    stage(guids, lines)
    by_index()
    return _explain(_Statement(rollout, order, now=now, instruction=None), STAGING)


# Note [Rows in the order of their GUIDs]
# Two instructions for the same hubs must lock them in one order: that of the primary key, which a plain walk
# along it keeps, and a bitmap or a whole scan does not. Pages of a hot table cost no more at random than in
# sequence. And a table estimated at one row that has a million must not be read over and over (materialised).
_BY_INDEX: Final = {"work_mem": "64MB", "random_page_cost": "1.1", "enable_material": "off"}


@inside_unit_of_work
def by_index() -> None:
    """Let the statements that follow find rows of big tables by their keys."""
    sql.set_local(**_BY_INDEX)


@inside_unit_of_work
def in_guid_order() -> None:
    """Let the statements that follow meet, and lock, targets in the order of their GUIDs."""
    sql.set_local(**_BY_INDEX, enable_bitmapscan="off", enable_seqscan="off")


def _explain(statement: _Statement, table: str) -> AnswerOutcome:
    # Written as figures, so that the planner knows how much of the key a list spans.
    bounds = staged_bounds(table, party_id=statement.params["party_id"])
    rows = sql.rows(statement.judge(table), statement.params | bounds)
    missed = [
        (row.guid, row.line_no, row.reason, _detail(row.chf_guid) if row.reason == "NOT_A_CHF" else "")
        for row in rows
        if row.reason not in {None, SUPERSEDED}
    ]
    taken = [row for row in rows if row.reason is None]
    times: Counter[datetime | None] = Counter()
    for row in taken:
        times[row.agreed_at] += row.n
    superseded = sum(1 for row in rows if row.reason == SUPERSEDED)
    tally = InstructionTally.of(taken)
    reasons = Counter(reason for _, _, reason, _ in missed)
    return AnswerOutcome(
        tally.plus(InstructionTally(accepted=superseded, rejected_by_reason=dict(reasons))),
        missed,
        times=dict(times),
    )


def _detail(chf_guid: int) -> str:
    return f"GPF of CHF {Guid.from_db(chf_guid)}"


class _Statement:
    """The two statements for one order on one rollout, with their parameters."""

    def __init__(
        self, rollout: Rollout, order: AnswerOrder, *, now: datetime, instruction: Instruction | None
    ) -> None:
        batches = list(Batch.objects.filter(rollout_id=rollout.pk).order_by("position", "id"))
        terms = terms_of(rollout, batches)
        # An answer that was in time may reach its hub after the pass that closed the window.
        closings = [rollout.window_closed_at, *(batch.window_closed_at for batch in batches)]
        now = max([now, *(closed_at for closed_at in closings if closed_at)])
        self._checks = [*_of_state(), *_of_group(order, batches), *_of_times(order, batches, terms)]
        self._checks += _of_kind(order, is_dry=instruction is None)
        self._is_dry = instruction is None
        self._is_agreement = order.kind == InstructionKind.AGREE
        if not self._is_dry:
            self._checks.append(_Check(SUPERSEDED, _IS_NEWEST))
        after = with_answer(
            slots_of("t"),
            is_import=_IS_IMPORT,
            answer="%(answer)s",
            at=_AGREED_TIME if self._is_agreement else "%(activate_at)s::timestamptz",
            received_at="%(received_at)s::timestamptz",
        )
        settled = resolution_sql(after, terms)
        self._answered = answered_columns(after, terms)
        own_time = _AGREED_TIME if self._is_agreement else "%(activate_at)s::timestamptz"
        self._fragments = {
            **_stored("answer", "%(answer)s", lapsed=literal(Answer.NONE)),
            **_stored("time", own_time, lapsed="NULL"),
            **_stored(
                "instruction", "%(instruction_id)s", lapsed="-%(instruction_id)s", column="instruction_id"
            ),
            "answered_at": after.answered_at,
            "is_chosen": is_chosen("t", automatic_at=terms.automatic_at).text,
            "consent": settled.consent,
            "effective_at": settled.effective_at,
            "is_mine": _IS_MINE,
            "state": state_sql("t", settled.consent),
        }
        self.params = _params(rollout, order, now=now) | terms.params
        self.params["instruction_id"] = None if instruction is None else instruction.pk
        self.params |= {} if instruction is None else _entry_data(order, instruction.reference)
        self.params |= {f"batches_{number}": ids for number, ids in enumerate(_batch_ids(order, batches))}

    @property
    def apply(self) -> Sql:
        holds = Sql(" AND ".join(f"({check.holds})" for check in self._checks))
        own = own_hubs(STAGING)
        return sql.statement(
            "rollouts", "apply_answers", holds=holds, own_hubs=own, **_parts(self._fragments)
        )

    def judge(self, table: str) -> Sql:
        reasons = "".join(
            f"WHEN ({check.holds}) IS NOT TRUE THEN '{check.reason}'\n               "
            for check in self._checks
        )
        if not self._is_dry:
            # Passed every check just now, and was missed a moment ago: somebody else is at the hub.
            reasons += f"ELSE '{RejectionReason.OTHER_UPDATE_IN_PROGRESS.value}'"
        used = {name: self._fragments[name] for name in ("consent", "effective_at", "is_mine")}
        pieces = {"reasons": reasons, "columns": _MISSED_COLUMNS}
        pieces["answered"] = self._answered
        pieces["is_chosen"] = is_chosen_sql(**IS_CHOSEN_AS_ANSWERED)
        pieces["agreed_time"] = _AGREED_TIME if self._is_agreement else "NULL::timestamptz"
        return sql.statement("rollouts", "judge_answers", own_hubs=own_hubs(table), **_parts(used | pieces))


def _stored(name: str, own: str, *, lapsed: str, column: str = "") -> dict[str, str]:
    """Write what is stored in both places: the answer in one's own, none where the other's has lapsed."""
    stored = {}
    for role in ("import", "gas"):
        was = f"t.{role}_{column or name}"
        lapses = has_lapsed_sql(
            f"t.{role}_answer", f"t.{role}_time", "%(answer)s", "%(activate_at)s::timestamptz"
        )
        stored[role] = f"CASE WHEN {lapses} THEN {lapsed} ELSE {was} END"
    return {
        f"import_{name}": f"(CASE WHEN {_IS_IMPORT} THEN {own} ELSE {stored['import']} END)",
        f"gas_{name}": f"(CASE WHEN {_IS_IMPORT} THEN {stored['gas']} ELSE {own} END)",
    }


_IS_NEWEST: Final = (
    f"coalesce(CASE WHEN {_IS_IMPORT} THEN t.import_instruction_id ELSE t.gas_instruction_id END, 0)"
    " < %(instruction_id)s"
)
_OWN_ANSWER: Final = f"CASE WHEN {_IS_IMPORT} THEN t.import_answer ELSE t.gas_answer END"
_AGREED_TIME: Final = f"CASE WHEN {_IS_IMPORT} THEN t.gas_time ELSE t.import_time END"
_OTHER_INSTRUCTION: Final = (
    f"CASE WHEN {_IS_IMPORT} THEN t.gas_instruction_id ELSE t.import_instruction_id END"
)
_OTHER_ANSWER: Final = f"CASE WHEN {_IS_IMPORT} THEN t.gas_answer ELSE t.import_answer END"


def _of_state() -> list[_Check]:
    return [
        _Check(RejectionReason.ALREADY_UPDATED.value, f"t.state <> {literal(TargetState.ACTIVATED)}"),
        _Check(RejectionReason.UPDATE_FAILED.value, f"t.state NOT IN ({literal(FAILED_STATES)})"),
        _Check(RejectionReason.ALREADY_SENT.value, f"t.state IN ({literal(CHANGEABLE_STATES)})"),
    ]


def _batch_ids(order: AnswerOrder, batches: Sequence[Batch]) -> tuple[list[int], list[int]]:
    of_group = [batch.pk for batch in batches if order.group in {None, batch.kind}]
    return of_group, [pk for pk in of_group if order.batch_id in {None, pk}]


def _of_group(order: AnswerOrder, batches: Sequence[Batch]) -> list[_Check]:
    of_group, named = _batch_ids(order, batches)
    reason = (
        RejectionReason.NOT_IN_PILOT_GROUP
        if order.group == BatchKind.PILOT
        else RejectionReason.IN_PILOT_GROUP
    )
    checks = []
    if len(of_group) < len(batches):
        checks.append(_Check(reason.value, "t.batch_id = ANY(%(batches_0)s::integer[])"))
    if order.batch_id is not None and len(named) < len(of_group):
        checks.append(
            _Check(RejectionReason.NOT_IN_BATCH.value, "t.batch_id = ANY(%(batches_1)s::integer[])")
        )
    return checks


def _of_times(order: AnswerOrder, batches: Sequence[Batch], terms: Terms) -> list[_Check]:
    """Ask hub by hub only where batches have times of their own; the rollout's are asked of the whole."""
    if all(batch.automatic_at is None for batch in batches):
        return []
    checks = []
    if order.kind != InstructionKind.WITHDRAW:
        checks.append(_Check(RejectionReason.AFTER_CUTOFF.value, f"%(received_at)s <= {terms.cutoff_at}"))
    if order.activate_at is not None and order.kind == InstructionKind.INSTRUCT:
        checks.append(
            _Check(RejectionReason.TIME_NOT_EARLIER.value, f"%(activate_at)s < {terms.automatic_at}")
        )
    return checks


def _of_kind(order: AnswerOrder, *, is_dry: bool) -> list[_Check]:
    match order.kind:
        case InstructionKind.WITHDRAW:
            return [
                _Check(RejectionReason.NOTHING_TO_CHANGE.value, f"{_OWN_ANSWER} <> {literal(Answer.NONE)}")
            ]
        case InstructionKind.AGREE:
            other_has = f"{_OTHER_ANSWER} = {literal(Answer.INSTRUCTED)}"
            shared = f"t.import_supplier_id <> t.gas_supplier_id AND {other_has}"
            checks = [_Check(RejectionReason.NOTHING_TO_AGREE_WITH.value, shared)]
            moved = RejectionReason.AGREED_TIME_CHANGED.value
            if order.activate_at is not None:
                checks.append(_Check(moved, f"({_AGREED_TIME}) = %(activate_at)s"))
            if not is_dry:
                # A long list is applied after it was received: what was instructed since, it did not mean.
                checks.append(_Check(moved, f"coalesce({_OTHER_INSTRUCTION}, 0) < %(instruction_id)s"))
            return checks
        case _:
            return []


def _params(rollout: Rollout, order: AnswerOrder, *, now: datetime) -> dict[str, object]:
    entry = rollout.cpl_entry
    likely_at = order.activate_at or order.received_at
    others = Rollout.objects.filter(status__in=OPEN_STATUSES).exclude(pk=rollout.pk)
    return {
        "rollout_id": rollout.pk,
        "version_id": entry.pk,
        "model_id": entry.device_model_id,
        "predecessors": entry.allowed_predecessor_ids,
        "other_rollouts": sorted(others.values_list("id", flat=True)),
        "party_id": order.party_id,
        "answer": int(ANSWER_OF_KIND[order.kind]),
        "activate_at": order.activate_at,
        "received_at": order.received_at,
        "now": now,
        "likely_at": likely_at,
    }


def _entry_data(order: AnswerOrder, reference: str) -> dict[str, str]:
    """Write what entries about the hubs say; which instruction it was, its own Supplier alone is told."""
    likely_at = (order.activate_at or order.received_at).astimezone(UTC)
    likely = {"effective_at": f"{likely_at:%Y-%m-%dT%H:%M:%SZ}", "consent": Consent.COMPLETE.name}
    own = {"instruction": reference}
    data = {"own_data": own, "likely_data": likely, "likely_own_data": {**likely, **own}}
    return {name: orjson.dumps(value).decode() for name, value in data.items()}


def _parts(texts: Mapping[str, str]) -> dict[str, Sql]:
    return {name: Sql(text) for name, text in texts.items()}
