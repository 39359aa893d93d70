"""Incidents as each viewer may know of them: a Supplier its own, the DCC and the Panel all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from portal.identity.models import Organisation
from portal.identity.scope import Scope
from portal.kernel import paging, sql, tenancy
from portal.kernel.guid import Guid
from portal.kernel.refusals import NotFound
from portal.kernel.spreadsheets import NotRead
from rollouts.models import Incident, IncidentAttachment, IncidentHub, KnownIssue
from rollouts.reads.governance.incidents import visible_incident, visible_incidents
from rollouts.states import FailureCode, Region, TargetState, failure_code
from rollouts.states.governing import (
    OPEN_INCIDENTS,
    HanImpact,
    IncidentStatus,
    IncidentStep,
    open_incident_steps,
)

_BEFORE_ALL: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident in a list."""

    id: int
    reference: str
    rollout_id: int
    rollout_name: str
    raised_by: str
    category: int
    title: str
    status: IncidentStatus
    han_impact: HanImpact
    is_high_priority: bool
    hubs: int
    raised_at: datetime
    respond_by: datetime
    resolve_by: datetime
    responded_at: datetime | None
    resolved_at: datetime | None
    service_desk_reference: str

    def is_overdue(self, now: datetime) -> bool:
        """Return whether its answer, or its resolution, is late."""
        if self.status not in OPEN_INCIDENTS:
            return False
        return (self.responded_at is None and self.respond_by < now) or self.resolve_by < now


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment; who of another organisation wrote it is not said to a Supplier."""

    author: str
    by_dcc: bool
    is_internal: bool
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of an incident, without its content."""

    id: int
    file_name: str
    media_type: str
    size: int
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of an incident with its content, and the headers it is to be sent with."""

    file_name: str
    media_type: str
    content: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers under which a browser keeps the file and neither shows, guesses at nor runs it."""
        return {
            "Content-Type": self.media_type,
            "Content-Length": str(len(self.content)),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(self.file_name)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        }


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """An incident whole."""

    line: IncidentLine
    description: str
    han_devices: int
    source: str
    criteria: dict[str, Any] | None
    batch_id: int | None
    rejected: Sequence[Mapping[str, Any]]
    not_read: Sequence[NotRead]
    comments: tuple[Remark, ...]
    attachments: tuple[Attached, ...]
    steps: tuple[IncidentStep, ...]
    merged_into: str
    """The reference of the incident it is handled with; of another Supplier's none is shown."""
    merged_into_id: int | None
    stands: IncidentStatus
    """Its status, or that of the incident it is handled with."""
    known_issue_id: int | None
    known_issue: str
    merged: tuple[str, ...]
    """References of the incidents handled with it; for the DCC and the Panel."""


@dataclass(frozen=True, slots=True)
class IncidentHubLine:
    """A hub an incident names, and where it stands in the rollout."""

    guid: str
    region: Region | None
    state: TargetState | None
    code: FailureCode
    state_at: datetime | None


def incident_lines(
    scope: Scope,
    *,
    rollout_id: int | None = None,
    is_open: bool | None = None,
    category: int | None = None,
    cursor: str = "",
    size: int = 50,
) -> paging.Page[IncidentLine]:
    """Return a page of incidents, the newest first.

    Raises:
        BadCursor: the cursor is damaged.
    """
    incidents = visible_incidents(scope).select_related("rollout").order_by("-id")
    if rollout_id is not None:
        incidents = incidents.filter(rollout_id=rollout_id)
    if category is not None:
        incidents = incidents.filter(category=category)
    if is_open is not None:
        states = sorted(OPEN_INCIDENTS)
        incidents = incidents.filter(status__in=states) if is_open else incidents.exclude(status__in=states)
    if cursor:
        incidents = incidents.filter(pk__lt=_cursors(scope).decode(cursor, size=1)[0])
    rows = list(incidents[: size + 1])
    names = dict(Organisation.objects.values_list("pk", "name"))
    more = _cursors(scope).encode(rows[size - 1].pk) if len(rows) > size else None
    return paging.Page([_line(row, names) for row in rows[:size]], next=more)


def incident_page(scope: Scope, incident_id: int) -> IncidentPage:
    """Return one incident with its story, its files and the steps the viewer may take.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    incident = visible_incident(scope, incident_id)
    boards = scope.is_dcc or scope.is_panel
    names = dict(Organisation.objects.values_list("pk", "name"))
    with tenancy.crossing():  # how the report it was merged into stands is said; whose that is, is not
        into = incident.merged_into
    may_name = into is not None and (boards or into.organisation_id == incident.organisation_id)
    merged = incident.merged.order_by("id").values_list("reference", flat=True) if boards else ()
    status = IncidentStatus(incident.status)
    return IncidentPage(
        line=_line(incident, names),
        description=incident.description,
        han_devices=incident.han_devices,
        source=incident.source,
        criteria=incident.criteria,
        batch_id=incident.batch_id,
        rejected=incident.rejected,
        not_read=list(map(NotRead.of, incident.not_read)),
        comments=_remarks(incident, with_internal=boards),
        attachments=_attached(incident),
        steps=open_incident_steps(*scope.roles, at=status),
        merged_into=into.reference if into is not None and may_name else "",
        merged_into_id=into.pk if into is not None and may_name else None,
        stands=IncidentStatus(into.status) if into is not None else status,
        known_issue_id=incident.known_issue_id,
        known_issue=incident.known_issue.title if incident.known_issue else "",
        merged=tuple(merged),
    )


def incident_hubs(
    scope: Scope, incident_id: int, *, cursor: str = "", size: int = 50
) -> paging.Page[IncidentHubLine]:
    """Return a page of the hubs an incident names, in GUID order.

    Raises:
        NotFound: there is no such incident, or not for this organisation.
        BadCursor: the cursor is damaged.
    """
    incident = visible_incident(scope, incident_id)
    after = int(_hub_cursors(scope).decode(cursor, size=1)[0]) if cursor else _BEFORE_ALL
    rows = sql.fetch_all(
        "rollouts",
        "incident_hubs",
        incident_id=incident.pk,
        rollout_id=incident.rollout_id,
        party=scope.organisation_id if scope.is_supplier else None,
        after=after,
        size=size + 1,
    )
    more = _hub_cursors(scope).encode(rows[size - 1].guid) if len(rows) > size else None
    return paging.Page([_hub(row) for row in rows[:size]], next=more)


def incident_guids(scope: Scope, incident_id: int, *, most: int) -> list[int]:
    """Return the first hubs an incident names, in database form, sorted.

    Raises:
        NotFound: there is no such incident, or not for this organisation.
    """
    members = IncidentHub.objects.filter(incident_id=visible_incident(scope, incident_id).pk)
    return list(members.order_by("guid").values_list("guid", flat=True)[:most])


def incident_file(scope: Scope, incident_id: int, file_id: int) -> AttachedFile:
    """Return a file of an incident, to be sent under its `headers`.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    incident = visible_incident(scope, incident_id)
    attachment = IncidentAttachment.objects.filter(incident=incident, pk=file_id).first()
    if attachment is None:
        raise NotFound("There is no such file.")
    return AttachedFile(attachment.file_name, attachment.media_type, bytes(attachment.content))


def known_issues(scope: Scope, *, rollout_id: int | None = None) -> list[KnownIssue]:
    """Return the known issues that count for a rollout, or all; for the DCC and the Panel.

    Raises:
        NotFound: for others.
    """
    if not (scope.is_dcc or scope.is_panel):
        raise NotFound("There are no known issues.")
    issues = KnownIssue.objects.order_by("-is_active", "-id")
    if rollout_id is not None:
        issues = issues.filter(rollout_id=rollout_id) | issues.filter(rollout=None)
    return list(issues)


def _line(incident: Incident, names: Mapping[int, str]) -> IncidentLine:
    return IncidentLine(
        id=incident.pk,
        reference=incident.reference,
        rollout_id=incident.rollout_id,
        rollout_name=incident.rollout.name,
        raised_by=names.get(incident.organisation_id, ""),
        category=incident.category,
        title=incident.title,
        status=IncidentStatus(incident.status),
        han_impact=HanImpact(incident.han_impact),
        is_high_priority=incident.is_high_priority,
        hubs=incident.hubs,
        raised_at=incident.raised_at,
        respond_by=incident.respond_by,
        resolve_by=incident.resolve_by,
        responded_at=incident.responded_at,
        resolved_at=incident.resolved_at,
        service_desk_reference=incident.service_desk_reference,
    )


def _remarks(incident: Incident, *, with_internal: bool) -> tuple[Remark, ...]:
    comments = incident.comments.order_by("at", "id")
    if not with_internal:
        comments = comments.filter(is_internal=False)
    return tuple(Remark(c.author, c.by_dcc, c.is_internal, c.text, c.at) for c in comments)


def _attached(incident: Incident) -> tuple[Attached, ...]:
    attachments = incident.attachments.order_by("id").defer("content", "sha256")
    return tuple(Attached(f.pk, f.file_name, f.media_type, f.size, f.uploaded_at) for f in attachments)


def _hub(row: Any) -> IncidentHubLine:
    return IncidentHubLine(
        guid=str(Guid.from_db(row.guid)),
        region=None if row.region is None else Region(row.region),
        state=None if row.state is None else TargetState(row.state),
        code=failure_code(row.code),
        state_at=row.state_at,
    )


def _cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("incidents", scope.organisation_id)


def _hub_cursors(scope: Scope) -> paging.CursorKey:
    return paging.keyed("incident-hubs", scope.organisation_id)
