"""Alerts that fit nothing, kept for the DCC (R4.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.identity.models import Organisation
from portal.identity.roles import DCC_ROLES
from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from portal.kernel.paging import Page
from rollouts.models import UnmatchedAlert
from rollouts.states import AlertCode, UnmatchedReason

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Unmatched:
    """One alert, from whom, about which hub, and why it fits nothing."""

    id: int
    csp: str
    guid: str
    code: str
    why: str
    occurred_at: datetime
    received_at: datetime


def unmatched_alerts(scope: Scope, *, before: int | None = None, size: int = PAGE_SIZE) -> Page[Unmatched]:
    """List the alerts nobody has reviewed, the latest first.

    Raises:
        NotPermitted: not for others than the DCC.
    """
    scope.check(*sorted(DCC_ROLES))
    found = UnmatchedAlert.objects.filter(reviewed_at=None).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: size + 1])
    shown = rows[:size]
    names = dict(Organisation.objects.filter(pk__in={row.csp_id for row in shown}).values_list("pk", "name"))
    return Page(
        [
            Unmatched(
                id=row.pk,
                csp=names.get(row.csp_id, ""),
                guid=str(Guid.from_db(row.guid)),
                code=_code_words(row.code),
                why=_why_words(row.why),
                occurred_at=row.occurred_at,
                received_at=row.received_at,
            )
            for row in shown
        ],
        next=str(shown[-1].pk) if len(rows) > size else None,
    )


def _code_words(code: int) -> str:
    return str(AlertCode(code).label) if code in AlertCode.values else str(code)


def _why_words(why: str) -> str:
    return str(UnmatchedReason(why).label) if why in UnmatchedReason.values else why
