"""Files that workers write for one person or system: ordered, claimed, told, fetched, swept (R4.3, R6.7).

Every `now` here is of the wall clock; what is told stands at the business moment that belongs to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db.models import F, Q, QuerySet

from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.identity.api_scopes import ApiScope
from portal.identity.models import ApiClient, User
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.references import reference_of
from portal.kernel.refusals import NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from rollouts.models import Export
from rollouts.services.estate.owners import owner_scope

KEPT: Final = timedelta(hours=24)
"""For so long a file can be fetched."""
LISTED: Final = timedelta(days=7)
"""For so long its row tells what became of it."""
AT_ONCE: Final = 3
"""So many files of one person wait or are written at a time."""
SILENT: Final = timedelta(minutes=2)
"""A worker that has said nothing for so long is lost, and another one begins again."""
TRIES: Final = 3

_UNFINISHED: Final = (Export.Status.WAITING, Export.Status.RUNNING)


class TooManyExports(Refusal):
    """This person has as many files under way as one may have."""

    code = "too_many_exports"


class ExportSuperseded(Refusal):
    """The file is no longer wanted, or another worker writes it."""

    code = "export_superseded"


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What a worker is to write, for whom, at the how-manieth try."""

    export_id: int
    scope: Scope
    form: str
    filters: Mapping[str, Any]
    attempt: int


@unit_of_work
def order_export(
    scope: Scope, *, form: str, query: str, filters: Mapping[str, Any], total: int | None, now: datetime
) -> int:
    """Order a file of the estate for the person, or the system, that asks; return its number.

    Raises:
        NotPermitted: the Panel sees no single hubs, and somebody must be there to fetch the file.
        TooManyExports: there are some under way already.
    """
    if scope.is_panel or (scope.user_id is None and not scope.client_id):
        raise NotPermitted("The Panel sees rollouts and their figures, not single hubs.")
    _take_turn(scope)
    if Export.objects.of(scope).filter(status__in=_UNFINISHED).count() >= AT_ONCE:
        raise TooManyExports(f"{AT_ONCE} files of yours are being written. Wait for one, or remove it.")
    export = Export.objects.create(
        organisation_id=scope.organisation_id,
        user_id=scope.user_id,
        client_id=scope.client_id or "",
        form=Export.Form(form),
        query=query,
        filters=dict(filters),
        total=total,
        created_at=now,
    )
    return export.pk


def waiting_exports(now: datetime) -> list[int]:
    """Return the files nobody writes: those just ordered, and those whose worker has fallen silent."""
    return list(_claimable(now).order_by("pk").values_list("pk", flat=True))


@unit_of_work
def claim_export(*, export_id: int, now: datetime) -> ExportOrder | None:
    """Take a file on; None when somebody else has, or when it is given up.

    A person who has left, or lost the right to log in, gets no file; nor does a system that was revoked.
    """
    claimed = _claimable(now).filter(pk=export_id)
    if not claimed.update(status=Export.Status.RUNNING, seen_at=now, done=0, attempts=F("attempts") + 1):
        return None
    export = Export.objects.get(pk=export_id)
    scope = owner_scope(export, needed=ApiScope.ESTATE_READ)
    if scope is None:
        _fail(export, "Whom this file was for can no longer log in.", now=now)
        return None
    if export.attempts > TRIES:
        problem = f"The file could not be written; {TRIES} tries were made. Order it again."
        _fail(export, problem, now=now)
        _notify(export, EntryKind.EXPORT_FAILED, now=now, reason=problem)
        return None
    return ExportOrder(export.pk, scope, export.form, export.filters, export.attempts)


def report_export(order: ExportOrder, *, done: int, now: datetime) -> None:
    """Return how far a file is.

    Raises:
        ExportSuperseded: it is no longer wanted, or no longer this worker's.
    """
    if not _held(order).update(done=done, seen_at=now):
        raise ExportSuperseded("The file is no longer wanted, or another worker writes it.")


@unit_of_work
def finish_export(order: ExportOrder, *, file: str, size: int, done: int, now: datetime) -> bool:
    """Put a file out to be fetched, and tell whose it is; False when it is no longer wanted."""
    ready = _held(order).update(
        status=Export.Status.READY,
        file=file,
        size=size,
        done=done,
        total=done,
        seen_at=now,
        finished_at=now,
        expires_at=now + KEPT,
    )
    if ready:
        export = Export.objects.get(pk=order.export_id)
        _notify(export, EntryKind.EXPORT_READY, now=now, hubs=done, size=size)
    return bool(ready)


@unit_of_work
def fail_export(order: ExportOrder, *, problem: str, now: datetime) -> None:
    """Record why there is no file, and notify who ordered it."""
    if _held(order).update(status=Export.Status.FAILED, problem=problem, finished_at=now):
        export = Export.objects.get(pk=order.export_id)
        _notify(export, EntryKind.EXPORT_FAILED, now=now, reason=problem)


@unit_of_work
def remove_export(scope: Scope, *, export_id: int) -> None:
    """Remove a file, or call one off that is being written.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    export = Export.objects.of(scope).select_for_update().filter(pk=export_id).first()
    if export is None:
        raise NotFound("There is no such file.")
    _drop_file(export)
    export.delete()


def sweep_exports(now: datetime) -> int:
    """Delete expired files, and rows a week old; return how many files were deleted."""
    expired = Export.objects.filter(status=Export.Status.READY, expires_at__lte=now)
    swept = 0
    for export in expired:
        _drop_file(export)
        swept += Export.objects.filter(pk=export.pk, status=Export.Status.READY).update(
            status=Export.Status.EXPIRED, file="", size=0
        )
    Export.objects.exclude(status__in=[*_UNFINISHED, Export.Status.READY]).filter(
        created_at__lte=now - LISTED
    ).delete()
    return swept


def _claimable(now: datetime) -> QuerySet[Export]:
    silent = Q(status=Export.Status.RUNNING, seen_at__lte=now - SILENT)
    return Export.objects.filter(Q(status=Export.Status.WAITING) | silent)


def _held(order: ExportOrder) -> QuerySet[Export]:
    return Export.objects.filter(pk=order.export_id, status=Export.Status.RUNNING, attempts=order.attempt)


@inside_unit_of_work
def _take_turn(scope: Scope) -> None:
    """Hold whose order it is: two at once count each other."""
    if scope.user_id is not None:
        User.objects.select_for_update().get(pk=scope.user_id)
    else:
        ApiClient.objects.select_for_update(of=("self",)).get(pk=scope.client_id or "")


def _fail(export: Export, problem: str, *, now: datetime) -> None:
    Export.objects.filter(pk=export.pk).update(status=Export.Status.FAILED, problem=problem, finished_at=now)


@inside_unit_of_work
def _notify(export: Export, kind: EntryKind, *, now: datetime, **more: object) -> None:
    if export.user_id is None:
        return  # a system asks after its file: people are not told of what none of them ordered
    publish_entries(
        kind,
        parties=[export.organisation_id],
        at=clock.business_of(now),
        data={
            "file": reference_of(export.pk, "estate_file"),
            "person": reference_of(export.user_id, "person"),
            "form": export.form,
            **more,
        },
    )


def _drop_file(export: Export) -> None:
    if export.file:
        default_storage.delete(export.file)
