"""Files sent to be imported: kept, their columns named, claimed by a worker, read, swept.

Every `at` here is of the wall clock.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, BinaryIO, Final
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import F, Q, QuerySet

from portal.identity.api_scopes import ApiScope
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.lines import one_line
from portal.kernel.refusals import BadInput, NotFound, Refusal
from portal.kernel.spreadsheets import FileRefused
from portal.kernel.spreadsheets.files import FileProblem
from portal.kernel.spreadsheets.headings import headed_file
from portal.kernel.spreadsheets.tables import shortened
from portal.kernel.transactions import inside_unit_of_work, outside_unit_of_work, unit_of_work
from rollouts.models import ImportFile
from rollouts.rules.file_columns import COLUMNS_OF
from rollouts.services.catalogue.take_list import take_cpl_list
from rollouts.services.estate.apply_feeds import take_status_changes, take_supplier_changes
from rollouts.services.estate.inventory import NotAnInventory, open_inventory
from rollouts.services.estate.load import load_estate
from rollouts.services.estate.map_columns import mapping_of
from rollouts.services.estate.owners import owner_scope
from rollouts.services.estate.record_import import ImportReport
from rollouts.states.inventory import FileKind

KEPT: Final = timedelta(days=7)
"""For so long the file itself is kept once it has been read, and one that waits for somebody."""
SILENT: Final = timedelta(minutes=2)
"""A worker that has said nothing for so long is lost, and another one begins again."""
TRIES: Final = 3
LARGEST_IMPORT: Final = 2 * 1024 * 1024 * 1024
_READ: Final = 1024 * 1024

_S = ImportFile.Status
UNFINISHED: Final = (_S.HELD, _S.WAITING, _S.RUNNING)


class ImportSuperseded(Refusal):
    """The file is no longer wanted, or another worker reads it."""

    code = "import_superseded"


class ImportNotHeld(Refusal):
    """The file does not wait for anybody: it is being read, or has been."""

    code = "import_not_held"


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What a worker is to read, for whom, at the how-manieth try."""

    import_file_id: int
    scope: Scope
    kind: FileKind
    file: str
    file_name: str
    as_of: datetime | None
    attempt: int


@outside_unit_of_work
def send_import(
    scope: Scope,
    *,
    kind: FileKind,
    source: BinaryIO,
    file_name: str,
    as_of: datetime | None = None,
    names_columns: bool = False,
    now: datetime,
) -> ImportFile:
    """Keep a file to be imported until a worker reads it.

    One of the list, one that lacks a column, and one whose columns somebody wants to name, is held.

    Raises:
        NotPermitted: not for a DCC operator.
        FileRefused: it is neither text nor a workbook, or holds nothing.
        BadInput: it is as of a time to come, or such a file has no such time.
    """
    scope.check(*MAY_OPERATE)
    if as_of is not None and (as_of > now or kind != FileKind.LOAD):
        raise BadInput("Only a file of hubs is as of a time, and that has passed.")
    size = source.seek(0, os.SEEK_END)
    if size > LARGEST_IMPORT:
        raise FileRefused(FileProblem.TOO_LARGE)
    source.seek(0)
    problem, headings = _unnamed(scope, kind, source)
    source.seek(0)
    name = default_storage.save(f"imports/{uuid4().hex}", File(source))
    try:
        return _keep(
            ImportFile(
                kind=kind,
                organisation_id=scope.organisation_id,
                user_id=scope.user_id,
                client_id=scope.client_id or "",
                file_name=one_line(file_name)[:200],
                file=name,
                size=size,
                as_of=as_of,
                status=_S.HELD if problem or names_columns or kind == FileKind.CPL else _S.WAITING,
                headings=headings,
                problem=problem,
                created_at=now,
            )
        )
    except BaseException:
        default_storage.delete(name)
        raise


@outside_unit_of_work
def resume_import(scope: Scope, *, import_file_id: int) -> ImportFile:
    """Look again at a file whose columns have been named; it goes on once none is missing.

    Raises:
        NotPermitted, NotFound: not for a DCC operator, or there is no such file.
        ImportNotHeld: it does not wait.
    """
    scope.check(*MAY_OPERATE)
    held = ImportFile.objects.filter(pk=import_file_id, organisation_id=scope.organisation_id).first()
    if held is None:
        raise NotFound("There is no such file.")
    if held.status != _S.HELD or not held.file:
        raise ImportNotHeld("The file does not wait for anybody.")
    with default_storage.open(held.file) as source:
        problem, headings = _unnamed(scope, FileKind(held.kind), source)
    return _renamed(held.pk, problem=problem, headings=headings)


@outside_unit_of_work
def confirm_cpl_import(
    scope: Scope, *, import_file_id: int, expected: str | None = None, now: datetime, at: datetime
) -> ImportReport:
    """Take a file of the Central Products List whose changes have been looked at.

    `expected` is the `version` of the plan that was shown.

    Raises:
        NotPermitted, NotFound: not for a DCC operator, or there is no such file.
        ImportNotHeld: it does not wait, or its columns are not named yet.
        EditConflict: it would do something else by now.
    """
    order = _held_cpl(scope, import_file_id=import_file_id, at=at)
    try:
        with default_storage.open(order.file) as source:
            report = take_cpl_list(
                scope, data=source.read(), file_name=order.file_name, expected=expected, now=now
            )
    except BaseException:
        _held_by(order).update(status=_S.HELD)
        raise
    finish_import(order, report, at=at)
    return report


@unit_of_work
def call_off_import(scope: Scope, *, import_file_id: int, at: datetime) -> None:
    """Call off a file that waits or is being read; what has been read whole stands.

    Raises:
        NotPermitted, NotFound: not for a DCC operator, or there is no such file.
        ImportNotHeld: it has been read.
    """
    file = _own(scope, import_file_id)
    if file.status not in UNFINISHED or file.estate_import_id is not None:
        raise ImportNotHeld("The file has been read.")
    if file.file:
        default_storage.delete(file.file)
    file.status, file.finished_at, file.file = _S.CALLED_OFF, at, ""
    file.save(update_fields=["status", "finished_at", "file"])


def waiting_imports(at: datetime) -> list[int]:
    """Return the files nobody reads: those just sent, and those whose worker has fallen silent."""
    return list(_claimable(at).order_by("pk").values_list("pk", flat=True))


@unit_of_work
def claim_import(*, import_file_id: int, at: datetime) -> ImportOrder | None:
    """Take a file on; None when somebody else has, or when it is given up."""
    claimed = _claimable(at).filter(pk=import_file_id)
    if not claimed.update(status=_S.RUNNING, seen_at=at, done=0, attempts=F("attempts") + 1):
        return None
    file = ImportFile.objects.get(pk=import_file_id)
    scope = owner_scope(file, needed=ApiScope.CHANNELS_WRITE)
    if scope is None or file.attempts > TRIES:
        problem = (
            "Whoever sent it can no longer log in."
            if scope is None
            else f"The file could not be read; {TRIES} tries were made. Send it again."
        )
        ImportFile.objects.filter(pk=file.pk).update(status=_S.FAILED, problem=problem, finished_at=at)
        return None
    return ImportOrder(
        file.pk, scope, FileKind(file.kind), file.file, file.file_name, file.as_of, file.attempts
    )


def report_import(order: ImportOrder, *, done: int, at: datetime) -> None:
    """Say how many octets of a file have been read.

    Raises:
        ImportSuperseded: it is no longer wanted, or no longer this worker's.
    """
    _update_held(order, done=done, seen_at=at)


@outside_unit_of_work
def read_import(order: ImportOrder, *, source: BinaryIO, now: datetime) -> ImportReport:
    """Read a file into the inventory.

    Raises:
        ImportSuperseded: it has been called off: nothing of it is there.
        Refusal: it cannot be read, or its sender may not any more.
    """
    on_taken = partial(_mark_taken, order)
    if order.kind == FileKind.LOAD:
        return load_estate(
            order.scope,
            source=source,
            file_name=order.file_name,
            as_of=order.as_of,
            now=now,
            on_taken=on_taken,
        )
    take = take_supplier_changes if order.kind == FileKind.SUPPLIER_CHANGE else take_status_changes
    return take(order.scope, source=source.read(), file_name=order.file_name, now=now, on_taken=on_taken)


@inside_unit_of_work
def _mark_taken(order: ImportOrder, import_id: int) -> None:
    """Note in the transaction of an import that it can no longer be called off; undo it if it has been."""
    _update_held(order, estate_import_id=import_id)


@unit_of_work
def finish_import(order: ImportOrder, report: ImportReport, *, at: datetime) -> None:
    """Write down that a file has been read, and where its report is."""
    _held_by(order).update(
        status=_S.DONE, done=F("size"), seen_at=at, finished_at=at, estate_import_id=report.id, problem=""
    )


@unit_of_work
def fail_import(order: ImportOrder, *, problem: str, at: datetime) -> None:
    """Write down why a file was not read."""
    _held_by(order).update(status=_S.FAILED, problem=problem, finished_at=at)


def sweep_imports(at: datetime) -> int:
    """Take away files that are no longer kept; return how many. Their reports stay."""
    past = Q(finished_at__lte=at - KEPT) | Q(status=_S.HELD, created_at__lte=at - KEPT)
    old = ImportFile.objects.filter(past, file__gt="")
    swept = 0
    for file in old.order_by("pk"):
        default_storage.delete(file.file)
        status = _S.CALLED_OFF if file.status == _S.HELD else file.status
        swept += ImportFile.objects.filter(pk=file.pk).update(file="", status=status)
    return swept


def _unnamed(scope: Scope, kind: FileKind, source: BinaryIO | File[Any]) -> tuple[str, list[str]]:
    """Say which columns are missing, if any, and which headings there are.

    Raises:
        FileRefused: it cannot be read, or has no heading at all.
    """
    mapping = mapping_of(scope, kind)
    try:
        if kind == FileKind.LOAD:
            pieces = iter(lambda: source.read(_READ), b"")
            heading = open_inventory(pieces, mapping=mapping).heading
        else:
            columns = COLUMNS_OF[kind]
            heading = headed_file(source.read(), columns, mapping=mapping, refusal=NotAnInventory).heading
    except NotAnInventory as refusal:
        headings = refusal.facts.get("headings")
        if not isinstance(headings, list) or not any(headings):
            raise FileRefused(FileProblem.EMPTY) from refusal
        return refusal.message, [text for text in headings if text]
    return "", [shortened(text) for text in heading.cells if text.strip()]


@unit_of_work
def _keep(file: ImportFile) -> ImportFile:
    file.save()
    return file


@unit_of_work
def _renamed(import_file_id: int, *, problem: str, headings: list[str]) -> ImportFile:
    file = ImportFile.objects.select_for_update().get(pk=import_file_id)
    if file.status == _S.HELD:
        file.problem, file.headings = problem, headings
        file.status = _S.HELD if problem or file.kind == FileKind.CPL else _S.WAITING
        file.save(update_fields=["problem", "headings", "status"])
    return file


@unit_of_work
def _held_cpl(scope: Scope, *, import_file_id: int, at: datetime) -> ImportOrder:
    file = _own(scope, import_file_id)
    broke_off = file.status == _S.RUNNING and file.seen_at is not None and file.seen_at <= at - SILENT
    if (
        not (file.status == _S.HELD or broke_off)
        or not file.file
        or file.kind != FileKind.CPL
        or file.problem
    ):
        raise ImportNotHeld("The file does not wait to be confirmed.")
    file.status, file.seen_at, file.attempts = _S.RUNNING, at, file.attempts + 1
    file.save(update_fields=["status", "seen_at", "attempts"])
    return ImportOrder(file.pk, scope, FileKind.CPL, file.file, file.file_name, None, file.attempts)


@inside_unit_of_work
def _own(scope: Scope, import_file_id: int) -> ImportFile:
    scope.check(*MAY_OPERATE)
    files = ImportFile.objects.select_for_update().filter(organisation_id=scope.organisation_id)
    file = files.filter(pk=import_file_id).first()
    if file is None:
        raise NotFound("There is no such file.")
    return file


def _claimable(at: datetime) -> QuerySet[ImportFile]:
    silent = Q(status=_S.RUNNING, seen_at__lte=at - SILENT)
    # The list is taken while its operator waits: one that broke off is confirmed again.
    return ImportFile.objects.filter(Q(status=_S.WAITING) | silent).exclude(kind=FileKind.CPL)


def _held_by(order: ImportOrder) -> QuerySet[ImportFile]:
    return ImportFile.objects.filter(pk=order.import_file_id, status=_S.RUNNING, attempts=order.attempt)


def _update_held(order: ImportOrder, **changes: Any) -> None:
    if not _held_by(order).update(**changes):
        raise ImportSuperseded("The file is no longer wanted, or another worker reads it.")
