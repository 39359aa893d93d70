"""The hubs of a rollout one by one: the list behind every count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from portal.identity.scope import Scope
from portal.kernel import paging, sql
from portal.kernel.guid import Guid
from portal.kernel.statements import Sql
from portal.kernel.working_days import start_of_local_day
from rollouts.queries.rollouts.progress import TimeReason, Viewer
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import Answer, Consent, FailureCode, Region, TargetState, failure_code

ROLES: Final = {1: "Import", 2: "Gas", 3: "Import and Gas"}
FIRST, LAST = -(2**63), 2**63 - 1
_AT_A_TIME: Final = 20_000


@dataclass(frozen=True, slots=True)
class Member:
    """A hub's place in a rollout, as one viewer may see it."""

    guid: str
    batch_id: int
    region: Region
    state: TargetState
    code: FailureCode
    consent: Consent
    attempts: int
    effective_at: datetime
    state_at: datetime
    activated_after_halt: bool
    role: str
    """The viewing Supplier's; nothing for others."""
    is_split: bool
    mine: Answer
    second: Answer


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """Filter of the hubs of a rollout; None does not filter."""

    states: Sequence[TargetState] | None = None
    batch_id: int | None = None
    region: Region | None = None
    code: FailureCode | None = None
    consent: Consent | None = None
    activates_from: date | None = None
    """The first and the last day of activation, local time."""
    activates_to: date | None = None
    time_reason: TimeReason | None = None
    """Why hubs activate when they do."""

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the statement that lists."""
        return {
            "states": None if self.states is None else [int(state) for state in self.states],
            "batch_id": self.batch_id,
            "region": None if self.region is None else int(self.region),
            "code": None if self.code is None else int(self.code),
            "consent": None if self.consent is None else int(self.consent),
            "starts_at": _start_of(self.activates_from),
            "ends_at": _start_of(self.activates_to, days=1),
            "time_reason": None if self.time_reason is None else self.time_reason.value,
        }


def members(
    scope: Scope,
    rollout_id: int,
    *,
    wanted: MemberFilter,
    cursor: str = "",
    size: int = 50,
    is_descending: bool = False,
) -> paging.Page[Member]:
    """Return a page of hubs in GUID order, or from the last one backwards.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
        BadCursor: the cursor is damaged.
    """
    visible_rollout(scope, rollout_id)
    place = int(_cursors(scope).decode(cursor, size=1)[0]) if cursor else None
    rows = _rows(scope, rollout_id, wanted, place=place, size=size + 1, is_descending=is_descending)
    more = _cursors(scope).encode(rows[size - 1].guid) if len(rows) > size else None
    return paging.Page([_member(row, is_supplier=scope.is_supplier) for row in rows[:size]], next=more)


def every_member(scope: Scope, rollout_id: int, *, wanted: MemberFilter) -> Iterator[Member]:
    """Yield all hubs in GUID order, some thousands a statement: for files.

    Raises:
        NotFound: there is no such rollout, or not for this organisation.
    """
    visible_rollout(scope, rollout_id)
    return _every(scope, rollout_id, wanted)


def _every(scope: Scope, rollout_id: int, wanted: MemberFilter) -> Iterator[Member]:
    place: int | None = None
    while rows := _rows(scope, rollout_id, wanted, place=place, size=_AT_A_TIME):
        yield from (_member(row, is_supplier=scope.is_supplier) for row in rows)
        place = rows[-1].guid


def _rows(
    scope: Scope,
    rollout_id: int,
    wanted: MemberFilter,
    *,
    place: int | None,
    size: int,
    is_descending: bool = False,
) -> list[Any]:
    bounds = {"after": FIRST, "before": LAST}
    if place is not None:
        bounds["before" if is_descending else "after"] = place
    params = {**Viewer.of(scope).params, **wanted.params, **bounds, "rollout_id": rollout_id, "size": size}
    return sql.rows(members_statement(is_descending=is_descending), params)


def members_statement(*, is_descending: bool = False) -> Sql:
    """Return the statement that lists hubs of a rollout, in the order of their GUIDs or against it."""
    return sql.statement("rollouts", "members", order=Sql("DESC" if is_descending else "ASC"))


def _start_of(day: date | None, *, days: int = 0) -> datetime | None:
    try:
        return None if day is None else start_of_local_day(day + timedelta(days=days))
    except OverflowError:  # the last day there is bounds nothing
        return None


def _member(row: Any, *, is_supplier: bool) -> Member:
    return Member(
        guid=str(Guid.from_db(row.guid)),
        batch_id=row.batch_id,
        region=Region(row.region),
        state=TargetState(row.state),
        code=failure_code(row.code),
        consent=Consent(row.consent),
        attempts=row.attempts,
        effective_at=row.effective_at,
        state_at=row.state_at,
        activated_after_halt=row.activated_after_halt,
        role=ROLES[row.role] if is_supplier else "",
        is_split=row.is_split,
        mine=Answer(row.mine) if is_supplier else Answer.NONE,
        second=Answer(row.second) if is_supplier and row.is_split else Answer.NONE,
    )


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("rollout-hubs", scope.organisation_id)
