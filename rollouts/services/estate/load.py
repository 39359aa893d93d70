"""Loading the inventory: a first estate as fast as COPY takes it, later files by set."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from portal.events import journal
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import guid_sql
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets.csv_lines import decoded
from portal.kernel.spreadsheets.headings import HeadingRow
from portal.kernel.statements import Sql
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from rollouts.models import EstateImport, HeldDifference
from rollouts.services.estate.change_supplier import change_suppliers
from rollouts.services.estate.inventory import (
    HUB_COLUMNS,
    LONGEST_RAW,
    Inventory,
    Meanings,
    Repeats,
    UnlistedFirmware,
    judge,
    open_inventory,
    parsed_blocks,
    rows_of,
)
from rollouts.services.estate.inventory.files import Source, chunks_of
from rollouts.services.estate.inventory.rows import BEGINNING, END
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

T = TypeVar("T")

_LONDON: Final = ZoneInfo("Europe/London")
STAGING: Final = "rollouts_staged_hub"
_AHEAD: Final = 4
_PARSED_AHEAD: Final = 2
_MOVED_AT_ONCE: Final = 50_000
# Columns of the file that may be missing, and the columns of a hub that then stay as they are.
_OPTIONAL: Final = {
    "gpf_guid": ("gpf_guid", "gpf_cpl_entry_id"),
    "gpf_status": ("gpf_status",),
    "import_mpid": ("import_supplier_id",),
    "gas_code": ("gas_supplier_id",),
    "commissioned_on": ("commissioned_on",),
    "installed_on": ("installed_on",),
    "han_devices": ("han_devices",),
    "postcode_area": ("postcode_area",),
}


@outside_unit_of_work
def load_estate(
    scope: Scope,
    *,
    source: Source,
    file_name: str = "",
    as_of: datetime | None = None,
    now: datetime,
    on_taken: OnTaken = ignore_taken,
) -> ImportReport:
    """Take an inventory file, CSV of any make or a workbook: hubs are added or brought up to date.

    Lines that cannot be taken are kept with their reason; the others go on. The file is one transaction;
    changes of Supplier and of eligibility follow it, slice by slice, and may be repeated by sending the
    file again. `as_of` says when the file was made; unsaid, it is taken to be as of the midnight before. What
    a hub itself has said of its version since then stands, and the lines that differ are listed to the DCC.

    Raises:
        NotPermitted: not for a DCC operator.
        FileRefused, NotAnInventory: it is no inventory at all.
        BadInput: it is as of a time to come.
    """
    scope.check(*MAY_OPERATE)
    if as_of is not None and as_of > now:
        raise BadInput("The file cannot be as of a time to come.")
    digest = hashlib.sha256()
    inventory = open_inventory(_hashed(source, digest), mapping=mapping_of(scope, FileKind.LOAD))
    load = _Load(inventory, source)
    made_at = as_of or _midnight_before(now)
    report = _take_in(
        scope, load, digest=digest, file_name=file_name, as_of=made_at, now=now, on_taken=on_taken
    )
    if report.is_first:
        sql.analyze("rollouts_hub")
    moved = _move_suppliers(scope, report, now=now)
    if report.added or report.changed or moved:
        refresh_eligibility(now=now)
    return report


@unit_of_work
def _take_in(
    scope: Scope,
    load: _Load,
    *,
    digest: Any,
    file_name: str,
    as_of: datetime,
    now: datetime,
    on_taken: OnTaken,
) -> ImportReport:
    entry = open_import(scope, kind=FileKind.LOAD, file_name=file_name, now=now)
    entry.as_of = as_of
    is_first = _is_empty_and_ours()
    summary = _fill(load) if is_first else _merge(load, entry, now=now)
    entry.sha256 = digest.digest()
    load.refusals.spell(_texts_of(load, mapping=mapping_of(scope, FileKind.LOAD)))
    report = keep_import(
        entry,
        load.refusals,
        lines=load.lines,
        summary=summary,
        is_first=is_first,
        heading=load.inventory.heading,
        delimiter=load.inventory.delimiter,
        sheets=load.inventory.sheets,
        not_read=load.inventory.not_read,
        unlisted=load.unlisted,
        now=now,
    )
    facts = {
        "import": entry.pk,
        "file_name": file_name,
        "as_of": as_of.isoformat(),
        "lines": report.lines,
        "refused": report.refused,
    }
    journal.record("estate.loaded", subject="estate", by=scope, at=now, facts={**facts, **summary})
    on_taken(entry.pk)
    return report


@dataclass(slots=True, eq=False)
class _Load:
    """One file on its way in: rows for COPY, and what was not taken."""

    inventory: Inventory
    source: Source
    refusals: Refusals = field(default_factory=Refusals)
    repeats: Repeats = field(default_factory=Repeats)
    lines: int = 0
    unlisted: Collection[UnlistedFirmware] = ()
    """What the file names and the Central Products List lacks."""

    def rows(self, meanings: Meanings, *, with_lines: bool) -> Iterator[bytes]:
        """Yield the good lines as COPY takes them; meanwhile no statement may run on the connection."""
        yield BEGINNING
        # Arrow reads the next tables in a thread of its own meanwhile.
        for table in _read_ahead(parsed_blocks(self.inventory), _PARSED_AHEAD):
            judged = judge(table, meanings)
            self.lines += len(judged) + len(judged.refused)
            self.refusals.add(judged.refused)
            self.repeats.add(judged)
            yield rows_of(judged, with_lines=with_lines)
        yield END


def _is_empty_and_ours() -> bool:
    """Return whether this is the first load; if so, hold the table until it is done."""
    empty = "SELECT NOT EXISTS (SELECT FROM rollouts_hub) AS yes"
    if not sql.rows(empty)[0].yes:
        return False
    sql.run("LOCK TABLE rollouts_hub IN ACCESS EXCLUSIVE MODE")
    return bool(sql.rows(empty)[0].yes)


@inside_unit_of_work
def _fill(load: _Load) -> dict[str, int]:
    """Load first, index after, count once: three times as fast as indexes kept along the way."""
    meanings = Meanings()
    load.unlisted = meanings.unlisted
    sql.run("SELECT rollouts_begin_first_load()")
    ready = _read_ahead(load.rows(meanings, with_lines=False), _AHEAD)
    added = sql.copy_blocks("rollouts_hub", HUB_COLUMNS, ready, options="FORMAT binary, FREEZE")
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="repeats") as looking:
        # The file has been seen whole: repeats are looked for while PostgreSQL builds what bears them.
        repeated = looking.submit(load.repeats.problems_by_line)
        sql.run("SELECT rollouts_make_hub_indexes(unique_ones => false)")
        added -= _remove_repeats(load, repeated.result())
    sql.run("SELECT rollouts_make_hub_indexes(unique_ones => true)")
    sql.execute("rollouts", "recount_estate")
    return {"added": added, "changed": 0, "unchanged": 0}


def _remove_repeats(load: _Load, problems: Mapping[int, LineProblem]) -> int:
    """Take out what stood in the file before, now that the whole of it has been seen."""
    if not problems:
        return 0
    places = load.repeats.places_of(problems)
    load.refusals.add_later(problems, load.repeats)
    # The table was empty: rows lie in it in the order of the file.
    return sql.execute("rollouts", "remove_loaded", places=places)


@inside_unit_of_work
def _merge(load: _Load, entry: EstateImport, *, now: datetime) -> dict[str, int]:
    meanings = Meanings()
    load.unlisted = meanings.unlisted
    sql.execute("rollouts", "stage_hubs")
    ready = _read_ahead(load.rows(meanings, with_lines=True), _AHEAD)
    sql.copy_blocks(STAGING, (*HUB_COLUMNS, "line_no"), ready, options="FORMAT binary")
    problems = load.repeats.problems_by_line()
    load.refusals.add_later(problems, load.repeats)
    sql.execute("rollouts", "unstage_lines", lines=sorted(problems))
    _keep_what_is_missing(load.inventory.heading)
    for row in sql.fetch_all("rollouts", "refuse_taken_gpfs"):
        load.refusals.add_one(row.line_no, row.guid, LineProblem(row.problem))
    # Whoever publishes waits until the hubs are as the file has them: see `take_turn`.
    sql.run("SELECT id FROM rollouts_devicemodel ORDER BY id FOR SHARE")
    outdated = _keep_confirmed_versions(load, entry)
    params = {"now": now, "evidence": f"import {entry.pk}", **_HISTORY}
    gpfs = {"old_gpf": Sql(guid_sql("k.old_gpf")), "new_gpf": Sql(guid_sql("k.gpf_guid"))}
    row = sql.rows(sql.statement("rollouts", "merge_hubs", **gpfs), params)[0]
    merged = {"added": row.added, "changed": row.changed, "unchanged": row.unchanged, "moving": row.moving}
    return {**merged, "outdated": outdated} if outdated else merged


def _keep_confirmed_versions(load: _Load, entry: EstateImport) -> int:
    """Keep versions that hubs confirmed after the file was made until somebody decides; return how many."""
    sql.fetch_one("rollouts", "hold_differing")
    rows = sql.fetch_all("rollouts", "keep_confirmed_versions", as_of=entry.as_of)
    sql.copy_rows(
        "rollouts_held_difference",
        ("estate_import_id", "guid", "line_no", "file_entry_id", "hub_entry_id", "decision"),
        (
            (
                entry.pk,
                row.guid,
                row.line_no,
                row.file_entry_id,
                row.hub_entry_id,
                HeldDifference.Decision.OPEN.value,
            )
            for row in rows
        ),
    )
    for row in rows:
        words = f"{row.file_version} in the file, {row.hub_version} confirmed by the hub"
        load.refusals.note(row.line_no, row.guid, words, LineProblem.OLDER_VERSION)
    return len(rows)


def _keep_what_is_missing(heading: HeadingRow) -> None:
    missing = [
        column for name, columns in _OPTIONAL.items() if name not in heading.places for column in columns
    ]
    if missing:
        settings = Sql(", ".join(f"{column} = h.{column}" for column in missing))
        sql.run(sql.statement("rollouts", "keep_columns", settings=settings))


def _texts_of(load: _Load, *, mapping: Mapping[str, str]) -> dict[int, str]:
    """Read the file once more for lines found wanting at its end; a stream that is gone gives none."""
    wanted, source = sorted(load.refusals.unspelt), load.source
    if not wanted:
        return {}
    if not isinstance(source, bytes):
        if not hasattr(source, "seek"):
            return {}
        source.seek(0)
    texts: dict[int, str] = {}
    for block in open_inventory(source, mapping=mapping).blocks:
        first, last = (bisect_left(wanted, edge) for edge in (block.first, block.first + block.lines))
        if first < last:
            lines = block.text.split(b"\n")
            texts |= {n: decoded(lines[n - block.first])[:LONGEST_RAW] for n in wanted[first:last]}
    return texts


def _move_suppliers(scope: Scope, report: ImportReport, *, now: datetime) -> int:
    """Hand hubs over after the load: it changes targets, which are locked before hubs everywhere."""
    if not report.summary.get("moving"):
        return 0
    moved = 0
    while slice_ := sql.fetch_all("rollouts", "take_moving", size=_MOVED_AT_ONCE):
        done = change_suppliers(
            scope,
            changes=[(row.guid, row.import_supplier_id, row.gas_supplier_id) for row in slice_],
            effective_at=now,
            now=now,
            evidence=f"import {report.id}",
        )
        moved += done.hubs
    return moved


def _midnight_before(now: datetime) -> datetime:
    """Return when the day began in Britain: extracts of the inventory are made by night."""
    day = now.astimezone(_LONDON).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.astimezone(UTC)


def _hashed(source: Source, digest: Any) -> Iterator[bytes]:
    for chunk in chunks_of(source):
        digest.update(chunk)
        yield chunk


def _read_ahead(source: Iterator[T], count: int) -> Iterator[T]:
    """Let the next ones be made while this one is being used."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="inventory") as maker:
        waiting = deque(maker.submit(next, source, None) for _ in range(count))
        while (made := waiting.popleft().result()) is not None:
            waiting.append(maker.submit(next, source, None))
            yield made


_HISTORY: Final = {
    "version_kind": int(HistoryKind.VERSION),
    "gpf_version_kind": int(HistoryKind.GPF_VERSION),
    "status_kind": int(HistoryKind.STATUS),
    "exchanged_kind": int(HistoryKind.EXCHANGED),
    "status_names": [status.message_name for status in sorted(SmiStatus)],
}
