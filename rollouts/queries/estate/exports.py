"""Saved views of the estate, and exported files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from rollouts.models import Export, SavedView

MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class ViewCard:
    """A named view of the estate."""

    id: int
    name: str
    query: str
    is_shared: bool
    is_own: bool
    owner_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ExportCard:
    """A file that is written, ready, or was."""

    id: int
    form: str
    status: Export.Status
    query: str
    total: int | None
    done: int
    problem: str
    size: int
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        """Return whether it is still to come."""
        return self.status in {Export.Status.WAITING, Export.Status.RUNNING}

    @property
    def is_ready(self) -> bool:
        """Return whether it can be fetched."""
        return self.status == Export.Status.READY


def saved_views(scope: Scope) -> Sequence[ViewCard]:
    """List one's own views and those one's organisation shares, by name; none for the Panel."""
    known = SavedView.objects.filter(organisation_id=scope.organisation_id)
    views = known.filter(Q(owner_id=scope.user_id) | Q(is_shared=True)).order_by("name", "pk")
    return [
        ViewCard(
            id=view.pk,
            name=view.name,
            query=view.query,
            is_shared=view.is_shared,
            is_own=view.owner_id == scope.user_id,
            owner_name=view.owner_name,
            created_at=view.created_at,
        )
        for view in views
    ]


def exports(scope: Scope) -> Sequence[ExportCard]:
    """List one's own files, the latest first."""
    return [_card(export) for export in Export.objects.of(scope).order_by("-pk")[:MOST_LISTED]]


def export_card(scope: Scope, *, export_id: int) -> ExportCard:
    """Return one of one's own files, however far it is.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    export = Export.objects.of(scope).filter(pk=export_id).first()
    if export is None:
        raise NotFound("There is no such file.")
    return _card(export)


def export_file(scope: Scope, *, export_id: int, now: datetime) -> tuple[ExportCard, str]:
    """Return one's own file that can be fetched, and its name in the storage.

    Raises:
        NotFound: there is none, it is somebody else's, not ready, or no longer kept.
    """
    ready = Export.objects.of(scope).filter(status=Export.Status.READY, expires_at__gt=now)
    export = ready.filter(pk=export_id).first()
    if export is None:
        raise NotFound("There is no such file, or it is no longer kept.")
    return _card(export), export.file


def _card(export: Export) -> ExportCard:
    return ExportCard(
        id=export.pk,
        form=export.form,
        status=Export.Status(export.status),
        query=export.query,
        total=export.total,
        done=export.done,
        problem=export.problem,
        size=export.size,
        created_at=export.created_at,
        finished_at=export.finished_at,
        expires_at=export.expires_at,
    )
