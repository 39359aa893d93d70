"""The estate of an organisation: by the page, found by any spelling, counted, and as a file (R4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import IO, Any, Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from portal.kernel.refusals import NotPermitted, Refusal
from portal.kernel.spreadsheets import write_xlsx
from rollouts.models import CspChannel, Rollout
from rollouts.queries.estate.extract import Places, extract
from rollouts.queries.estate.keyset import (
    FIRST,
    LAST,
    EstateFilter,
    cursors_of,
    entries_of,
    page_rows,
    place_of,
    selection_of,
)
from rollouts.queries.estate.spellings import CSV_LINES, FileSpelling
from rollouts.states import OPEN_STATUSES, Consent, Region, SmiStatus, TargetState

PAGE_SIZE: Final = 100
MOST_A_PAGE: Final = 1000
MOST_IN_A_WORKBOOK: Final = 1_000_000
_AT_A_TIME: Final = 10_000
_TELLING: Final = 2_000


class TooManyForWorkbook(Refusal):
    """A workbook holds a million hubs at most."""

    code = "too_many_for_workbook"


@dataclass(frozen=True, slots=True)
class HubRow:
    """One hub in a list, as its viewer may see it: of a second Supplier only that there is one.

    `role` is the viewing Supplier's own. The last five say where the hub stands in the rollout that is
    upgrading it, or in the one that was asked for.
    """

    guid: str
    gpf_guid: str
    manufacturer: str
    model: str
    version: str
    region: Region
    status: SmiStatus
    role: str
    has_second_supplier: bool
    commissioned_on: date | None
    rollout_id: int | None = None
    rollout_name: str = ""
    state: TargetState | None = None
    consent: Consent | None = None
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DccHubRow(HubRow):
    """One hub as the DCC sees it: with its Suppliers."""

    import_supplier: str = ""
    gas_supplier: str = ""


@dataclass(frozen=True, slots=True)
class VersionCount:
    """How many hubs of one model run one version."""

    device_model_id: int
    manufacturer: str
    model: str
    version: str
    hubs: int


@dataclass(frozen=True, slots=True)
class EstateCounts:
    """An estate in numbers; a hub counts once in each."""

    total: int
    split: int
    by_role: Mapping[str, int]
    by_region: Mapping[Region, int]
    by_status: Mapping[SmiStatus, int]
    by_version: Sequence[VersionCount]


def estate_page(
    scope: Scope,
    *,
    filters: EstateFilter | None = None,
    cursor: str = "",
    size: int = PAGE_SIZE,
    is_descending: bool = False,
) -> Page[HubRow]:
    """Return a page of hubs in GUID order: a Supplier's own, those of a CSP's regions, or all for the DCC.

    `is_descending` begins with the last one.

    Raises:
        NotPermitted: the Panel sees no single hubs.
        NotFound: the rollout to filter by is not there for this organisation.
        BadInput: the cursor or a filter is malformed.
    """
    size = max(1, min(size, MOST_A_PAGE))
    filters = filters or EstateFilter()
    selection = selection_of(scope, filters)
    is_back, place = place_of(scope, cursor) if cursor else (is_descending, LAST if is_descending else FIRST)
    rows = page_rows(
        selection,
        place=place,
        is_back=is_back,
        size=size + 1,
        expected=lambda: estate_total(scope, filters=filters),
    )
    has_more, shown = len(rows) > size, rows[:size]
    is_turned = is_back != is_descending
    if is_turned:
        shown.reverse()
    has_next, has_previous = (True, has_more) if is_turned else (has_more, bool(cursor))
    following, preceding = ("b", "a") if is_descending else ("a", "b")
    return Page(
        _hub_rows(scope, shown, rollout_id=filters.rollout_id),
        next=cursors_of(scope).encode(following, shown[-1].guid) if shown and has_next else None,
        previous=cursors_of(scope).encode(preceding, shown[0].guid) if shown and has_previous else None,
    )


def estate_total(scope: Scope, *, filters: EstateFilter | None = None) -> int | None:
    """Count the hubs a filter asks for; None where that would take a look at each (label, rollout, search).

    Raises:
        NotPermitted: the Panel sees no single hubs.
        BadInput: a filter is malformed.
    """
    wanted = filters or EstateFilter()
    if not wanted.is_counted:
        return None
    entries = set(entries_of(wanted.versions))
    conditions = (
        ("region", set(map(int, wanted.regions))),
        ("smi_status", set(map(int, wanted.statuses))),
        ("device_model_id", set(wanted.device_model_ids)),
        ("role", set(wanted.roles)),
        ("is_split", set() if wanted.is_split is None else {wanted.is_split}),
    )
    return sum(
        int(row.n)
        for row in _tally(scope)
        if (not wanted.versions or row.cpl_entry_id in entries)
        and all(not values or getattr(row, column) in values for column, values in conditions)
    )


def estate_counts(scope: Scope) -> EstateCounts:
    """Count an estate by role, region, status and version, from its tally.

    Raises:
        NotPermitted: the Panel sees no single hubs.
    """
    rows = _tally(scope)
    by_role: Counter[str] = Counter()
    by_region: Counter[int] = Counter()
    by_status: Counter[int] = Counter()
    by_version: Counter[tuple[int, str, str, str]] = Counter()
    for row in rows:
        by_role[row.role] += row.n
        by_region[row.region] += row.n
        by_status[row.smi_status] += row.n
        by_version[row.device_model_id, row.manufacturer, row.model, row.firmware_version] += row.n
    return EstateCounts(
        total=sum(row.n for row in rows),
        split=sum(row.n for row in rows if row.is_split),
        by_role=dict(sorted(by_role.items())),
        by_region={Region(region): hubs for region, hubs in sorted(by_region.items())},
        by_status={SmiStatus(status): hubs for status, hubs in sorted(by_status.items())},
        by_version=[VersionCount(*key, hubs) for key, hubs in sorted(by_version.items())],
    )


def export_estate(
    scope: Scope, *, filters: EstateFilter | None = None, spelling: FileSpelling = CSV_LINES
) -> Iterator[bytes]:
    """Stream an estate as CSV or JSON lines, in constant memory; raises what `estate_page` does, at once."""
    rollouts, stages = _rollouts_shown(filters)
    party = scope.organisation_id if scope.is_supplier else None
    return extract(
        scope,
        selection_of(scope, filters or EstateFilter()),
        Places(rollouts=rollouts, stages=stages, party=party),
        spelling=spelling,
    )


def check_fits_workbook(total: int | None) -> None:
    """Refuse more hubs than a workbook should hold.

    Raises:
        TooManyForWorkbook: there are more; there is the CSV file.
    """
    if total is not None and total > MOST_IN_A_WORKBOOK:
        raise TooManyForWorkbook(
            f"These are {total:,} hubs, and a workbook holds {MOST_IN_A_WORKBOOK:,}. Take the CSV file."
        )


def write_estate_workbook(
    scope: Scope,
    *,
    target: IO[bytes],
    filters: EstateFilter | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> int:
    """Write an estate as a workbook and return how many hubs it holds; long work, for a task.

    `tell` is called now and then with how many are written.

    Raises:
        TooManyForWorkbook: it is larger than a workbook should be; there is the CSV file.
    """
    check_fits_workbook(estate_total(scope, filters=filters))
    columns = [field.name for field in fields(DccHubRow if scope.is_dcc else HubRow)]
    header = [name for name in columns if name not in {"rollout_id", "consent"}]
    rows = (
        [getattr(value, "name", value) for value in (getattr(row, name) for name in header)]
        for row in _reporting(_all_rows(scope, filters), tell)
    )
    return write_xlsx(target, rows, header=header, title="Estate")


def current_places(scope: Scope, guids: Sequence[int], *, rollout_id: int | None = None) -> dict[int, Any]:
    """Return where hubs stand in the rollout that is upgrading them, or in the one that is named."""
    rollouts = [rollout_id] if rollout_id is not None else _open_rollouts()
    if not rollouts or not guids:
        return {}
    rows = sql.fetch_all(
        "rollouts",
        "current_places",
        rollouts=rollouts,
        guids=list(guids),
        party=scope.organisation_id if scope.is_supplier else None,
        is_any=rollout_id is not None,
    )
    return {row.guid: row for row in rows}


def _reporting(rows: Iterator[HubRow], tell: Callable[[int], None]) -> Iterator[HubRow]:
    for number, row in enumerate(rows):
        if number % _TELLING == 0:
            check_fits_workbook(number)
            tell(number)
        yield row


def _all_rows(scope: Scope, filters: EstateFilter | None) -> Iterator[HubRow]:
    filters = filters or EstateFilter()
    selection, place = selection_of(scope, filters), FIRST
    while rows := page_rows(selection, place=place, is_back=False, size=_AT_A_TIME, expected=lambda: None):
        yield from _hub_rows(scope, rows, rollout_id=filters.rollout_id)
        place = rows[-1].guid


def _hub_rows(scope: Scope, rows: Sequence[Any], *, rollout_id: int | None) -> list[HubRow]:
    places = current_places(scope, [row.guid for row in rows], rollout_id=rollout_id)
    return [_with_place(_hub_row(row), places.get(row.guid)) for row in rows]


def _hub_row(row: Any) -> HubRow:
    seen = {
        "guid": str(Guid.from_db(row.guid)),
        "gpf_guid": str(Guid.from_db(row.gpf_guid)) if row.gpf_guid is not None else "",
        "manufacturer": row.manufacturer,
        "model": row.model,
        "version": row.firmware_version,
        "region": Region(row.region),
        "status": SmiStatus(row.smi_status),
        "role": row.role,
        "has_second_supplier": row.is_split,
        "commissioned_on": row.commissioned_on,
    }
    if not hasattr(row, "import_supplier"):
        return HubRow(**seen)
    return DccHubRow(**seen, import_supplier=row.import_supplier, gas_supplier=row.gas_supplier)


def _with_place(row: HubRow, place: Any) -> HubRow:
    if place is None:
        return row
    return replace(
        row,
        rollout_id=place.rollout_id,
        rollout_name=place.name,
        state=TargetState(place.state),
        consent=Consent(place.consent),
        effective_at=place.effective_at,
    )


def _tally(scope: Scope) -> list[Any]:
    if scope.is_panel:
        raise NotPermitted("The Panel sees rollouts and their figures, not single hubs.")
    served = CspChannel.objects.filter(csp_id=scope.organisation_id) if scope.is_csp else None
    rows = sql.fetch_all(
        "rollouts",
        "estate_counts",
        party=scope.organisation_id if scope.is_supplier else None,
        served=None if served is None else sorted(served.values_list("region", flat=True)),
    )
    # Who supplies a hub, and that there are two, is none of a CSP's business.
    return [row._replace(is_split=False) for row in rows] if scope.is_csp else rows


def _open_rollouts() -> list[int]:
    return sorted(Rollout.objects.filter(status__in=OPEN_STATUSES).values_list("pk", flat=True))


def _rollouts_shown(filters: EstateFilter | None) -> tuple[list[int], list[int]]:
    """Return which rollouts a file tells of, and which stages: live ones, or all of the one named."""
    if filters is not None and filters.rollout_id is not None:
        return [filters.rollout_id], [0, 1, 2]
    return _open_rollouts(), [0, 1]
