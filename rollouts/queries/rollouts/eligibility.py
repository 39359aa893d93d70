"""The report of a Supplier's own eligible hubs (R1.3, R2.1): by the page, as CSV and as a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.identity.scope import Scope
from portal.kernel import paging, sql
from portal.kernel.guid import Guid, guid_sql
from portal.kernel.paging import Page
from portal.kernel.refusals import BadInput, NotPermitted
from portal.kernel.spreadsheets import stream_xlsx
from portal.kernel.statements import Sql
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.states import Answer, Consent, FailureCode, Region, TargetState, failure_code

PAGE_SIZE: Final = 100
MOST_A_PAGE: Final = 1_000
XLSX_PAGE: Final = 20_000
COLUMNS: Final = (
    "guid",
    "role",
    "has_second_supplier",
    "region",
    "firmware_version",
    "answer",
    "requested_at",
    "second_has_answered",
    "effective_at",
    "consent",
    "state",
    "reason",
)
_FIRST: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class EligibleFilter:
    """Filter of eligible hubs: by region, by the Supplier's own answer, or by its instruction."""

    region: Region | None = None
    answer: Answer | None = None
    instruction_id: int | None = None

    @property
    def params(self) -> dict[str, int | None]:
        """The same as parameters of a statement."""
        return {"region": self.region, "answer": self.answer, "instruction_id": self.instruction_id}


@dataclass(frozen=True, slots=True)
class EligibleHub:
    """One hub of one Supplier in a rollout, as that Supplier may see it.

    `second_has_answered` is None where there is no second Supplier.
    """

    guid: str
    role: str
    has_second_supplier: bool
    region: Region
    version: str
    answer: Answer
    requested_at: datetime | None
    second_has_answered: bool | None
    effective_at: datetime
    consent: Consent
    state: TargetState
    code: FailureCode

    @property
    def cells(self) -> tuple[object, ...]:
        """Return the row of a file, in the order of `COLUMNS`."""
        second = "" if self.second_has_answered is None else self.second_has_answered
        reason = self.code.name if self.code else ""
        return (
            self.guid,
            self.role,
            self.has_second_supplier,
            self.region.name,
            self.version,
            self.answer.name,
            self.requested_at,
            second,
            self.effective_at,
            self.consent.name,
            self.state.name,
            reason,
        )


def eligible_hubs(
    scope: Scope,
    *,
    rollout_id: int,
    supplier_id: int | None = None,
    wanted: EligibleFilter | None = None,
    after: str = "",
    size: int = PAGE_SIZE,
) -> Page[EligibleHub]:
    """Return a page of a Supplier's hubs in a rollout, in GUID order; its own, or one the DCC names.

    Raises:
        NotFound: there is no such rollout for this organisation.
        NotPermitted: neither a Supplier nor the DCC.
        BadInput: the cursor is damaged, or the DCC names no Supplier.
    """
    size = max(1, min(size, MOST_A_PAGE))
    party = _party(scope, supplier_id)
    visible_rollout(scope, rollout_id)
    place = int(_cursors(scope).decode(after, size=1)[0]) if after else _FIRST
    rows = _page(rollout_id, party, wanted, after=place, size=size + 1)
    shown = rows[:size]
    following = _cursors(scope).encode(shown[-1].guid) if len(rows) > size else None
    return Page([_hub(row) for row in shown], next=following)


def eligible_csv(
    scope: Scope,
    *,
    rollout_id: int,
    supplier_id: int | None = None,
    wanted: EligibleFilter | None = None,
) -> Iterator[bytes]:
    """Stream the whole report as CSV, in constant memory; raises what `eligible_hubs` does, at once."""
    party = _party(scope, supplier_id)
    visible_rollout(scope, rollout_id)
    params = {"rollout_id": rollout_id, "party": party, **(wanted or EligibleFilter()).params}
    pieces = sql.copy_out(_extract(), params, options="FORMAT csv, HEADER")
    return (
        piece.replace(b"\n", b"\r\n") for piece in pieces
    )  # as every other file; no cell holds a line end


def eligible_xlsx(
    scope: Scope,
    *,
    rollout_id: int,
    supplier_id: int | None = None,
    wanted: EligibleFilter | None = None,
) -> Iterator[bytes]:
    """Stream the whole report as a workbook; raises what `eligible_hubs` does, at once."""
    party = _party(scope, supplier_id)
    visible_rollout(scope, rollout_id)
    return stream_xlsx(_all_cells(rollout_id, party, wanted), header=COLUMNS, title="Eligible hubs")


def _party(scope: Scope, supplier_id: int | None) -> int:
    if scope.is_supplier:
        return scope.organisation_id  # whatever was asked for
    if not scope.is_dcc:
        raise NotPermitted("This report is for Suppliers, and for the DCC.")
    if supplier_id is None:
        raise BadInput("Name the Supplier whose report is wanted.")
    return supplier_id


def _all_cells(rollout_id: int, party: int, wanted: EligibleFilter | None) -> Iterator[Sequence[object]]:
    place = _FIRST
    while rows := _page(rollout_id, party, wanted, after=place, size=XLSX_PAGE):
        yield from (_hub(row).cells for row in rows)
        place = rows[-1].guid


def _page(rollout_id: int, party: int, wanted: EligibleFilter | None, *, after: int, size: int) -> list[Any]:
    params = (wanted or EligibleFilter()).params
    return sql.fetch_all(
        "rollouts", "eligible_page", rollout_id=rollout_id, party=party, after=after, size=size, **params
    )


def _hub(row: Any) -> EligibleHub:
    return EligibleHub(
        guid=str(Guid.from_db(row.guid)),
        role=row.role,
        has_second_supplier=row.is_split,
        region=Region(row.region),
        version=row.version,
        answer=Answer(row.answer),
        requested_at=row.requested_at,
        second_has_answered=row.second_has if row.is_split else None,
        effective_at=row.effective_at,
        consent=Consent(row.consent),
        state=TargetState(row.state),
        code=failure_code(row.code),
    )


def _named(expression: str, words: type[Answer | Consent | FailureCode | Region | TargetState]) -> str:
    cases = " ".join(f"WHEN {int(word)} THEN '{word.name}'" for word in words)
    return f"CASE {expression} {cases} END"


def _instant(expression: str) -> str:
    return f"""to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


def _extract() -> Sql:
    own = "CASE WHEN t.import_supplier_id = %(party)s THEN t.import_{} ELSE t.gas_{} END"
    fragments = {
        "guid": guid_sql("t.guid"),
        "region": _named("h.region", Region),
        "answer": _named(own.format("answer", "answer"), Answer),
        "instant_requested": _instant(own.format("time", "time")),
        "instant_effective": _instant("t.effective_at"),
        "consent": _named("t.consent", Consent),
        "state": _named("t.state", TargetState),
        "code": f"nullif({_named('t.code', FailureCode)}, 'NONE')",
    }
    parts = {name: Sql(fragment) for name, fragment in fragments.items()}
    return sql.statement("rollouts", "eligible_extract", **parts)


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("eligible-hubs", scope.organisation_id)
