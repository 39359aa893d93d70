"""Files on their way into the inventory or the list, how far they are, and differences to be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final, cast

from django.core.files.storage import default_storage

from portal.identity.roles import DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from portal.kernel.refusals import NotFound
from rollouts.models import EstateImport, HeldDifference, ImportFile
from rollouts.states.inventory import FileKind

MOST_LISTED: Final = 50
PAGE_SIZE: Final = 50
_UNFINISHED: Final = (ImportFile.Status.HELD, ImportFile.Status.WAITING, ImportFile.Status.RUNNING)


@dataclass(frozen=True, slots=True)
class ImportFileCard:
    """A file that waits, is being read, or was."""

    id: int
    kind: FileKind
    file_name: str
    size: int
    status: ImportFile.Status
    headings: Sequence[str]
    problem: str
    done: int
    as_of: datetime | None
    created_at: datetime
    finished_at: datetime | None
    import_id: int | None

    @property
    def is_under_way(self) -> bool:
        """Tell whether a worker has it, or is about to."""
        return self.status in {ImportFile.Status.WAITING, ImportFile.Status.RUNNING}

    @property
    def is_held(self) -> bool:
        """Tell whether it waits for somebody."""
        return self.status == ImportFile.Status.HELD


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A hub whose own later word differs from a file."""

    guid: str
    line: int
    file_version: str
    hub_version: str
    decision: HeldDifference.Decision


def import_files(scope: Scope, *, unfinished: bool = False) -> list[ImportFileCard]:
    """List the files of one's organisation, the latest first; those that are not finished alone, if asked.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    files = ImportFile.objects.filter(organisation_id=scope.organisation_id)
    if unfinished:
        files = files.filter(status__in=[*_UNFINISHED, ImportFile.Status.FAILED])
    return [_card(file) for file in files.order_by("-pk")[:MOST_LISTED]]


def import_file(scope: Scope, *, import_file_id: int) -> ImportFileCard:
    """Return a file of one's organisation.

    Raises:
        NotPermitted: not for others than the DCC.
        NotFound: there is none.
    """
    return _card(_file(scope, import_file_id))


def import_content(scope: Scope, *, import_file_id: int) -> bytes:
    """Return what is in a file that waits.

    Raises:
        NotPermitted, NotFound: as in `import_file`, or it is no longer kept.
    """
    file = _file(scope, import_file_id)
    if not file.file:
        raise NotFound("The file is no longer kept.")
    with default_storage.open(file.file) as content:
        return cast("BinaryIO", content).read()


def held_differences(
    scope: Scope, *, import_id: int, after: int = 0, size: int = PAGE_SIZE
) -> Page[DifferenceRow]:
    """List the hubs of an import whose own later word stands against it, in the order of its lines.

    Raises:
        NotPermitted: not for others than the DCC.
        NotFound: there is no such import.
    """
    scope.check(*sorted(DCC_ROLES))
    if not EstateImport.objects.filter(pk=import_id).exists():
        raise NotFound("There is no such import.")
    rows = sql.fetch_all("rollouts", "held_differences", import_id=import_id, after=after, size=size + 1)
    shown = [
        DifferenceRow(
            guid=str(Guid.from_db(row.guid)),
            line=row.line_no,
            file_version=row.file_version,
            hub_version=row.hub_version,
            decision=HeldDifference.Decision(row.decision),
        )
        for row in rows[:size]
    ]
    return Page(shown, next=str(rows[size - 1].id) if len(rows) > size else None)


def open_differences(scope: Scope, *, import_id: int) -> int:
    """Count the differences of an import that nobody has decided.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    held = HeldDifference.objects.filter(estate_import_id=import_id)
    return held.filter(decision=HeldDifference.Decision.OPEN).count()


def _file(scope: Scope, import_file_id: int) -> ImportFile:
    scope.check(*sorted(DCC_ROLES))
    files = ImportFile.objects.filter(organisation_id=scope.organisation_id)
    file = files.filter(pk=import_file_id).first()
    if file is None:
        raise NotFound("There is no such file.")
    return file


def _card(file: ImportFile) -> ImportFileCard:
    return ImportFileCard(
        id=file.pk,
        kind=FileKind(file.kind),
        file_name=file.file_name,
        size=file.size,
        status=ImportFile.Status(file.status),
        headings=file.headings,
        problem=file.problem,
        done=file.done,
        as_of=file.as_of,
        created_at=file.created_at,
        finished_at=file.finished_at,
        import_id=file.estate_import_id,
    )
