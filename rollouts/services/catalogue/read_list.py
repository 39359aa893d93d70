"""The Central Products List as a file: what its rows say, and what they would change here."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeAlias

from portal.kernel.lines import one_line
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets import SHEET_STEP, NotRead, NotReadKind
from portal.kernel.spreadsheets.csv_lines import written_line
from portal.kernel.spreadsheets.headings import HeadedFile, bare_name, headed_file
from portal.kernel.spreadsheets.tables import RowNumbers
from portal.kernel.versions import version_of
from rollouts.models import CplEntry, Rollout
from rollouts.rules import firmware
from rollouts.rules.file_columns import COLUMNS_OF
from rollouts.services.estate.inventory import LONGEST_RAW, NONE, Meanings, RefusedRow, read_day
from rollouts.services.estate.record_import import Refusals
from rollouts.states import RUNNING_STATUSES, CplStatus
from rollouts.states.inventory import FileKind, LineProblem

Key: TypeAlias = tuple[int, str]
"""A hub model and a firmware version."""

_HUBS: Final = frozenset({"", "ch", "chf", "commshub", "communicationshub", "communicationshubfunction"})
_STATUSES: Final = {bare_name(status.value): status for status in CplStatus} | {
    "current": CplStatus.ACTIVE,
    "removed": CplStatus.WITHDRAWN,
}
_COVERS: Final = {
    "": "WHOLE_FILE",
    "wholefile": "WHOLE_FILE",
    "file": "WHOLE_FILE",
    "image": "IMAGE",
    "manufacturerimage": "IMAGE",
}
_NO_PATH: Final = frozenset({"", "na", "none", "nil"})
_BETWEEN: Final = re.compile(r"[,;|\n]+")
_LONGEST: Final = {"entry_id": 40, "chts_version": 20, "gbcs_version": 8, "removed_reason": 200}


class NotACpl(BadInput):
    """The file has not the columns of the Central Products List."""

    code = "not_a_cpl"


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One row that can be taken: its place, which entry it is, and what the file says of it."""

    line: int
    raw: str
    key: Key
    printed: str
    values: Mapping[str, Any]
    """By field of an entry; not those of which the file has no column."""
    status: CplStatus | None
    removed_on: date | None
    reason: str
    path: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class StatusMove:
    """A new status of a known entry."""

    entry: CplEntry
    status: CplStatus
    removed_on: date | None
    reason: str


@dataclass(slots=True, eq=False)
class CplPlan:
    """What a file would change: new entries, changed ones, new statuses, and rows that cannot be taken."""

    file: HeadedFile
    lines: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    not_read: list[NotRead] = field(default_factory=list)
    added: list[ListedEntry] = field(default_factory=list)
    changed: list[tuple[ListedEntry, CplEntry]] = field(default_factory=list)
    moves: list[StatusMove] = field(default_factory=list)
    unchanged: int = 0
    running: Sequence[int] = ()
    """Running rollouts that the new statuses would suspend."""

    @property
    def refused(self) -> int:
        """How many rows cannot be taken."""
        return self.refusals.reasons.total()

    @property
    def version(self) -> str:
        """A digest of what would be done, to hold against what was shown."""
        return version_of(
            {
                "added": [(row.line, *row.key) for row in self.added],
                "changed": [(row.line, entry.pk) for row, entry in self.changed],
                "moves": [(move.entry.pk, str(move.status)) for move in self.moves],
                "running": list(self.running),
            }
        )


def read_cpl(data: bytes, *, mapping: Mapping[str, str]) -> CplPlan:
    """Read a file of the list and compare it with the entries there are; nothing is changed.

    Raises:
        FileRefused, NotACpl: it cannot be read, or lacks a column that is needed.
    """
    file = headed_file(data, COLUMNS_OF[FileKind.CPL], mapping=mapping, refusal=NotACpl)
    plan = CplPlan(file)
    known = {
        (entry.device_model_id, entry.firmware_version): entry
        for entry in CplEntry.objects.select_related("image", "device_model").order_by("pk")
    }
    rows = list(_unique(plan, _judged(plan), known))
    _compare(plan, rows, known)
    plan.lines += len(file.open_quotes)
    plan.refusals.add(
        RefusedRow(number, raw[:LONGEST_RAW], LineProblem.MALFORMED_LINE) for number, raw in file.open_quotes
    )
    plan.not_read = [*file.not_read, *plan.not_read]
    leaving = [move.entry.pk for move in plan.moves if move.status != CplStatus.ACTIVE]
    suspended = Rollout.objects.filter(cpl_entry_id__in=leaving, status__in=RUNNING_STATUSES)
    plan.running = list(suspended.order_by("pk").values_list("pk", flat=True))
    return plan


def _judged(plan: CplPlan) -> Iterator[ListedEntry]:
    meanings = Meanings()
    places, others = plan.file.heading.places, defaultdict[int, RowNumbers](RowNumbers)
    for number, cells in plan.file.rows:
        named = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
        if bare_name(named.get("device_type", "")) not in _HUBS:
            others[number // SHEET_STEP].add(number % SHEET_STEP)
            continue
        plan.lines += 1
        raw = written_line(cells)[:LONGEST_RAW]
        row = _row(number, raw, named, meanings)
        if isinstance(row, LineProblem):
            plan.refusals.add([RefusedRow(number, raw, row)])
        else:
            yield row
    for place, numbers in others.items():
        sheet = plan.file.sheets[place] if plan.file.sheets else ""
        plan.not_read.append(
            NotRead(NotReadKind.OTHER_ROWS, sheet, "other kinds of device", numbers.count, numbers.words)
        )


def _row(number: int, raw: str, named: Mapping[str, str], meanings: Meanings) -> ListedEntry | LineProblem:
    model = meanings.model_of(
        named.get("manufacturer", ""), named["model"], named.get("hardware_version", "")
    )
    status = _STATUSES.get(bare_name(named["status"])) if named.get("status") else None
    days = {name: read_day(named[name]) for name in ("added_on", "removed_on") if named.get(name)}
    covers = _COVERS.get(bare_name(named.get("hash_covers", "")))
    try:
        version = firmware.normalise_version(named["firmware_version"])
        digest = bytes.fromhex(firmware.normalise_hash(named["hash"]))
    except firmware.NotAVersion:
        return LineProblem.BAD_VERSION
    except firmware.NotAHash:
        return LineProblem.BAD_HASH
    for is_wrong, problem in (
        (model == NONE, LineProblem.UNKNOWN_MODEL),
        (covers is None, LineProblem.BAD_HASH_COVERS),
        (bool(named.get("status")) and status is None, LineProblem.BAD_CPL_STATUS),
        (None in days.values(), LineProblem.BAD_DATE),
        (any(len(named.get(name, "")) > most for name, most in _LONGEST.items()), LineProblem.TEXT_TOO_LONG),
    ):
        if is_wrong:
            return problem
    values = {"image_sha256": digest, **_values(named, covers)}
    if "added_on" in days:
        values["added_on"] = days["added_on"]
    return ListedEntry(
        line=number,
        raw=raw,
        key=(model, version),
        printed=one_line(named["firmware_version"])[:32],
        values=values,
        status=status,
        removed_on=days.get("removed_on"),
        reason=one_line(named.get("removed_reason", "")),
        path=_path(named["allowed_predecessors"]) if "allowed_predecessors" in named else None,
    )


def _values(named: Mapping[str, str], covers: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: one_line(named[name]) for name in ("chts_version", "gbcs_version") if name in named
    }
    if "hash_covers" in named:
        values["hash_covers"] = covers
    if named.get("entry_id"):
        values["reference"] = one_line(named["entry_id"])
    return values


def _path(text: str) -> list[str]:
    tokens = (token.strip() for token in _BETWEEN.split(text))
    return [token for token in tokens if bare_name(token) not in _NO_PATH]


def _unique(
    plan: CplPlan, rows: Iterator[ListedEntry], known: Mapping[Key, CplEntry]
) -> Iterator[ListedEntry]:
    """Keep of each entry the first row, and of each number the entry that has it."""
    keys: set[Key] = set()
    by_number = {entry.reference: key for key, entry in known.items() if entry.reference}
    for row in rows:
        entry = known.get(row.key)
        number = row.values.get("reference", "")
        covers = row.values.get("hash_covers", entry.hash_covers if entry else "WHOLE_FILE")
        problem = None
        if row.key in keys:
            problem = LineProblem.DUPLICATE_ENTRY
        elif number and by_number.setdefault(number, row.key) != row.key:
            problem = LineProblem.DUPLICATE_REFERENCE
        elif (
            entry is not None
            and getattr(entry, "image", None) is not None
            and (bytes(entry.image_sha256), entry.hash_covers) != (row.values["image_sha256"], covers)
        ):
            problem = LineProblem.IMAGE_DIFFERS
        keys.add(row.key)
        if problem:
            plan.refusals.add([RefusedRow(row.line, row.raw, problem)])
        else:
            yield row


def _compare(plan: CplPlan, rows: Sequence[ListedEntry], known: Mapping[Key, CplEntry]) -> None:
    """Tell rows that change something from the others; a path may name what stands further down."""
    # A row without its predecessor is refused, and so is whatever is reached through that row alone.
    left = list(rows)
    while True:
        keys = known.keys() | {row.key for row in left}
        numbers = {entry.reference: key for key, entry in known.items() if entry.reference}
        numbers |= {row.values["reference"]: row.key for row in left if row.values.get("reference")}
        lost = [row for row in left if path_keys(row, keys, numbers) is None]
        if not lost:
            break
        plan.refusals.add(RefusedRow(row.line, row.raw, LineProblem.BAD_PREDECESSOR) for row in lost)
        left = [row for row in left if row not in lost]
    versions = {entry.pk: entry.firmware_version for entry in known.values()}
    for row in left:
        entry = known.get(row.key)
        if entry is None:
            plan.added.append(row)
            continue
        if row.status is not None and row.status != entry.status:
            plan.moves.append(StatusMove(entry, row.status, row.removed_on, row.reason))
        path = path_keys(row, keys, numbers)
        before = {(entry.device_model_id, versions.get(pk, "")) for pk in entry.allowed_predecessor_ids}
        is_same = all(_stored(entry, name) == value for name, value in row.values.items())
        if is_same and (row.path is None or set(path or ()) == before):
            plan.unchanged += 1
        else:
            plan.changed.append((row, entry))


def path_keys(row: ListedEntry, keys: set[Key], numbers: Mapping[str, Key]) -> list[Key] | None:
    """Return the entries a row's path names, by version or by number; None where one is not there."""
    path = []
    for token in row.path or ():
        key = numbers.get(token)
        if key is None:
            try:
                key = (row.key[0], firmware.normalise_version(token))
            except firmware.NotAVersion:
                return None
        if key not in keys or key[0] != row.key[0] or key == row.key:
            return None
        path.append(key)
    return path


def _stored(entry: CplEntry, name: str) -> object:
    value = getattr(entry, name)
    return bytes(value) if name == "image_sha256" else value
