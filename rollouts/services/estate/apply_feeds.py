"""Feeds of changes to the inventory: hubs that change Supplier, hubs that change status or are exchanged."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from portal.events import journal
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import guid_sql, parse_texts
from portal.kernel.spreadsheets import NotRead, Row
from portal.kernel.spreadsheets.csv_lines import written_line
from portal.kernel.spreadsheets.headings import HeadingRow, headed_file
from portal.kernel.statements import Sql
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from portal.kernel.working_days import local_day
from rollouts.models import EstateImport
from rollouts.rules.file_columns import COLUMNS_OF
from rollouts.services.estate.change_supplier import Change, change_suppliers
from rollouts.services.estate.inventory import (
    LONGEST_RAW,
    NONE,
    Meanings,
    NotAnInventory,
    RefusedRow,
    read_day,
)
from rollouts.services.estate.map_columns import mapping_of
from rollouts.services.estate.record_import import (
    ImportReport,
    OnTaken,
    Refusals,
    ignore_taken,
    keep_import,
    open_import,
)
from rollouts.services.rollouts.refresh import refresh_eligibility
from rollouts.states import HistoryKind, SmiStatus
from rollouts.states.inventory import FileKind, LineProblem

LONDON: Final = ZoneInfo("Europe/London")
_IMPORT, _GAS = "IMPORT", "GAS"
_ROLES: Final = {
    "IMPORT": _IMPORT,
    "IS": _IMPORT,
    "ELECTRICITY": _IMPORT,
    "GAS": _GAS,
    "GS": _GAS,
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a feed: its cells by name."""

    number: int
    guid: int
    cells: Mapping[str, str]
    raw: str


@dataclass(slots=True, eq=False)
class _Feed:
    """What a file holds: lines that name a hub, and the others."""

    lines: list[_Line] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    not_read: list[NotRead] = field(default_factory=list)
    count: int = 0
    heading: HeadingRow | None = None
    sheets: tuple[str, ...] = ()


@outside_unit_of_work
def take_supplier_changes(
    scope: Scope,
    *,
    source: bytes | BinaryIO,
    file_name: str = "",
    now: datetime,
    on_taken: OnTaken = ignore_taken,
) -> ImportReport:
    """Take a feed of changes of Supplier: guid, role (IMPORT or GAS), the new code or none, and the day.

    A change that lies ahead is refused: it is to be sent on its day. The others are applied slice by slice
    (R3.11), so the file may be sent again.

    Raises:
        NotPermitted: not for a DCC operator.
        FileRefused, NotAnInventory: it is no such feed.
    """
    scope.check(*MAY_OPERATE)
    data = source if isinstance(source, bytes) else source.read()
    feed = _feed_of(scope, FileKind.SUPPLIER_CHANGE, data)
    changes = _supplier_changes(feed.lines, feed.refusals, now=now)
    report = _write_down(
        scope,
        kind=FileKind.SUPPLIER_CHANGE,
        file_name=file_name,
        data=data,
        feed=feed,
        summary={"moving": sum(len(each) for each in changes.values())},
        now=now,
        on_taken=on_taken,
    )
    for day, moved in sorted(changes.items()):
        change_suppliers(
            scope, changes=moved, effective_at=_midnight(day), now=now, evidence=f"import {report.id}"
        )
    return report


@outside_unit_of_work
def take_status_changes(
    scope: Scope,
    *,
    source: bytes | BinaryIO,
    file_name: str = "",
    now: datetime,
    on_taken: OnTaken = ignore_taken,
) -> ImportReport:
    """Take a feed of changes of status: guid, smi_status, and the hub that takes its place if exchanged.

    Rollouts follow at once: hubs that have gone are withdrawn, hubs that qualify now join.

    Raises:
        NotPermitted: not for a DCC operator.
        FileRefused, NotAnInventory: it is no such feed.
    """
    scope.check(*MAY_OPERATE)
    data = source if isinstance(source, bytes) else source.read()
    report = _change_statuses(scope, data=data, file_name=file_name, now=now, on_taken=on_taken)
    if report.changed:
        refresh_eligibility(now=now)
    return report


@unit_of_work
def _write_down(
    scope: Scope,
    *,
    kind: FileKind,
    file_name: str,
    data: bytes,
    feed: _Feed,
    summary: Mapping[str, int],
    now: datetime,
    on_taken: OnTaken,
) -> ImportReport:
    entry = open_import(scope, kind=kind, file_name=file_name, now=now)
    entry.sha256 = hashlib.sha256(data).digest()
    report = _keep(entry, feed, summary=summary, now=now)
    on_taken(entry.pk)
    return report


@unit_of_work
def _change_statuses(
    scope: Scope, *, data: bytes, file_name: str, now: datetime, on_taken: OnTaken
) -> ImportReport:
    feed = _feed_of(scope, FileKind.STATUS_CHANGE, data)
    rows = list(_status_rows(feed.lines, feed.refusals, now=now))
    entry = open_import(scope, kind=FileKind.STATUS_CHANGE, file_name=file_name, now=now)
    entry.sha256 = hashlib.sha256(data).digest()
    sql.execute("rollouts", "stage_statuses")
    sql.copy_rows("rollouts_staged_status", ("guid", "status", "gpf_status", "at", "replaced_by"), rows)
    # Whoever publishes waits until the hubs are as the file has them: see `take_turn`.
    sql.execute("rollouts", "hold_models")
    old_hub, new_hub = Sql(guid_sql("c.guid")), Sql(guid_sql("c.replaced_by"))
    changed = sql.rows(
        sql.statement("rollouts", "change_statuses", old_hub=old_hub, new_hub=new_hub),
        {
            "evidence": f"import {entry.pk}",
            "status_kind": int(HistoryKind.STATUS),
            "exchanged_kind": int(HistoryKind.EXCHANGED),
            "status_names": [status.message_name for status in sorted(SmiStatus)],
        },
    )[0]
    summary = {"changed": changed.changed, "exchanged": changed.exchanged}
    report = _keep(entry, feed, summary=summary, now=now)
    facts = {"import": entry.pk, "file_name": file_name, "lines": feed.count, **summary}
    journal.record("statuses.changed", subject="estate", by=scope, at=now, facts=facts)
    on_taken(entry.pk)
    return report


@inside_unit_of_work
def _keep(entry: EstateImport, feed: _Feed, *, summary: Mapping[str, int], now: datetime) -> ImportReport:
    return keep_import(
        entry,
        feed.refusals,
        lines=feed.count,
        summary=summary,
        heading=feed.heading,
        sheets=feed.sheets,
        not_read=feed.not_read,
        now=now,
    )


def _supplier_changes(
    lines: Sequence[_Line], refusals: Refusals, *, now: datetime
) -> dict[date, list[Change]]:
    """Group the changes by day; lines for both roles of a hub become one, and the last line counts."""
    meanings = Meanings()
    known = _suppliers_of([line.guid for line in lines])
    today = now.astimezone(LONDON).date()
    by_day: dict[date, dict[int, Change]] = defaultdict(dict)
    good: list[tuple[date, _Line, str, int | None]] = []
    for line in lines:
        role = _ROLES.get(line.cells["role"].strip().upper())
        code = line.cells["code"].strip()
        day = read_day(line.cells["effective"]) if line.cells.get("effective") else today
        party = meanings.party_of(code, is_gas=role == _GAS) if code else None
        problem = _supplier_problem(line, role=role, party=party, day=day, today=today, known=known)
        if problem or day is None:
            refusals.add([RefusedRow(line.number, line.raw, problem or LineProblem.BAD_DATE)])
            continue
        good.append((day, line, str(role), party))
    # A change builds on what stood before its day, wherever in the file that is.
    latest: dict[tuple[date, int, str], _Line] = {}
    for day, line, role, party in sorted(good, key=lambda each: each[0]):
        if (overtaken := latest.get((day, line.guid, role))) is not None:
            refusals.add([RefusedRow(overtaken.number, overtaken.raw, LineProblem.OVERTAKEN)])
        latest[day, line.guid, role] = line
        imports, gas = known[line.guid]
        change = (line.guid, party, gas) if role == _IMPORT else (line.guid, imports, party)
        by_day[day][line.guid] = change
        known[line.guid] = change[1:]
    return {day: list(changes.values()) for day, changes in by_day.items()}


def _supplier_problem(
    line: _Line,
    *,
    role: str | None,
    party: int | None,
    day: date | None,
    today: date,
    known: Mapping[int, tuple[int | None, int | None]],
) -> LineProblem | None:
    if line.guid not in known:
        return LineProblem.UNKNOWN_DEVICE
    if role is None:
        return LineProblem.BAD_ROLE
    if party == NONE:
        return LineProblem.UNKNOWN_GAS_CODE if role == _GAS else LineProblem.UNKNOWN_MPID
    if day is None:
        return LineProblem.BAD_DATE
    return LineProblem.NOT_YET if day > today else None


def _suppliers_of(guids: Sequence[int]) -> dict[int, tuple[int | None, int | None]]:
    rows = sql.fetch_all("rollouts", "suppliers_of_hubs", guids=list(guids))
    return {row.guid: (row.import_supplier_id, row.gas_supplier_id) for row in rows}


def _status_rows(
    lines: Sequence[_Line], refusals: Refusals, *, now: datetime
) -> Iterator[tuple[int, int, int | None, datetime, int | None]]:
    """Return the good lines, one a hub: the last one counts."""
    meanings = Meanings()
    replacements = parse_texts([line.cells.get("replaced_by", "") for line in lines])
    replaced_by = dict(zip(replacements.lines.tolist(), replacements.values.tolist(), strict=True))
    known = _suppliers_of([line.guid for line in lines] + list(replaced_by.values()))
    good: dict[int, tuple[int, int, int | None, datetime, int | None]] = {}
    latest: dict[int, _Line] = {}
    for place, line in enumerate(lines, start=1):
        day = read_day(line.cells["effective"]) if line.cells.get("effective") else local_day(now)
        status = meanings.status_of(line.cells["status"])
        gpf_status = meanings.status_of(line.cells.get("gpf_status", ""))
        replacement = replaced_by.get(place)
        problem = None
        if line.guid not in known:
            problem = LineProblem.UNKNOWN_DEVICE
        elif status == NONE:
            problem = LineProblem.UNKNOWN_STATUS
        elif gpf_status == NONE and line.cells.get("gpf_status"):
            problem = LineProblem.UNKNOWN_GPF_STATUS
        elif line.cells.get("replaced_by") and replacement not in known:
            problem = LineProblem.UNKNOWN_REPLACEMENT
        if problem or day is None:
            refusals.add([RefusedRow(line.number, line.raw, problem or LineProblem.BAD_DATE)])
            continue
        if (overtaken := latest.get(line.guid)) is not None:
            refusals.add([RefusedRow(overtaken.number, overtaken.raw, LineProblem.OVERTAKEN)])
        latest[line.guid] = line
        at = min(now, _midnight(day)) if line.cells.get("effective") else now
        good[line.guid] = (line.guid, status, gpf_status if gpf_status != NONE else None, at, replacement)
    yield from good.values()


def _feed_of(scope: Scope, kind: FileKind, data: bytes) -> _Feed:
    """Read a feed: the lines that name a hub, the others, and what was not read.

    Raises:
        FileRefused, NotAnInventory: it is no such feed.
    """
    feed = _Feed()
    file = headed_file(data, COLUMNS_OF[kind], mapping=mapping_of(scope, kind), refusal=NotAnInventory)
    feed.heading, feed.sheets = file.heading, file.sheets
    _add_lines(feed, file.heading, list(file.rows))
    feed.refusals.add(
        RefusedRow(number, raw[:LONGEST_RAW], LineProblem.MALFORMED_LINE) for number, raw in file.open_quotes
    )
    feed.count += len(file.open_quotes)
    feed.not_read += file.not_read
    return feed


def _add_lines(feed: _Feed, heading: HeadingRow, rows: Sequence[Row]) -> None:
    place_of_guid = heading.places["guid"]
    texts = [cells[place_of_guid] if len(cells) > place_of_guid else "" for _, cells in rows]
    parsed = parse_texts(texts)
    counts = Counter(parsed.lines.tolist())
    read = zip(parsed.lines.tolist(), parsed.values.tolist(), strict=True)
    guids = {line - 1: guid for line, guid in read if counts[line] == 1}
    feed.count += len(rows)
    for place, (number, cells) in enumerate(rows):
        raw = written_line(cells)[:LONGEST_RAW]
        if place not in guids:
            feed.refusals.add([RefusedRow(number, raw, LineProblem.MALFORMED_ID)])
            continue
        named = {name: cells[at].strip() if at < len(cells) else "" for name, at in heading.places.items()}
        feed.lines.append(_Line(number, guids[place], named, raw))


def _midnight(day: date) -> datetime:
    """Return when a day begins in Britain: supply changes hands at midnight local time."""
    return datetime.combine(day, time(), tzinfo=LONDON).astimezone(UTC)
