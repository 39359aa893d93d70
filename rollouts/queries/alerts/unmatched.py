"""Unmatched alerts, kept for the DCC (R4.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from portal.identity.models import Organisation
from portal.identity.roles import DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from rollouts.models import UnmatchedAlert
from rollouts.states import AlertCode, UnmatchedReason

PAGE_SIZE: Final = 50
MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class UnmatchedAlertLine:
    """One unmatched alert: its CSP, its hub and the reason."""

    id: int
    csp: str
    guid: str
    code: str
    why: str
    occurred_at: datetime
    received_at: datetime
    reviewed_at: datetime | None = None
    reviewed_by: str = ""
    review_note: str = ""


@dataclass(frozen=True, slots=True)
class UnmatchedFilter:
    """Filter of alerts: reviewed or not, by reason and by CSP."""

    is_reviewed: bool = False
    why: str = ""
    csp_id: int | None = None


def unmatched_alerts(
    scope: Scope,
    *,
    wanted: UnmatchedFilter | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[UnmatchedAlertLine]:
    """List the alerts nobody has reviewed, or the others, the latest first.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    alerts = _matching(wanted or UnmatchedFilter()).order_by("-pk")
    if before is not None:
        alerts = alerts.filter(pk__lt=before)
    rows = list(alerts[: size + 1])
    shown = rows[:size]
    names = dict(Organisation.objects.filter(pk__in={row.csp_id for row in shown}).values_list("pk", "name"))
    return Page(
        [
            UnmatchedAlertLine(
                id=row.pk,
                csp=names.get(row.csp_id, ""),
                guid=str(Guid.from_db(row.guid)),
                code=_code_words(row.code),
                why=_why_words(row.why),
                occurred_at=row.occurred_at,
                received_at=row.received_at,
                reviewed_at=row.reviewed_at,
                reviewed_by=row.reviewed_by,
                review_note=row.review_note,
            )
            for row in shown
        ],
        next=str(shown[-1].pk) if len(rows) > size else None,
    )


def count_unmatched(scope: Scope, *, wanted: UnmatchedFilter, most: int = MOST_COUNTED) -> int:
    """Count such alerts, up to a limit.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    return len(_matching(wanted).values_list("pk", flat=True)[:most])


def _matching(wanted: UnmatchedFilter) -> QuerySet[UnmatchedAlert]:
    alerts = UnmatchedAlert.objects.filter(reviewed_at__isnull=not wanted.is_reviewed)
    if wanted.why:
        alerts = alerts.filter(why=wanted.why)
    return alerts if wanted.csp_id is None else alerts.filter(csp_id=wanted.csp_id)


def _code_words(code: int) -> str:
    return str(AlertCode(code).label) if code in AlertCode.values else str(code)


def _why_words(why: str) -> str:
    return str(UnmatchedReason(why).label) if why in UnmatchedReason.values else why
