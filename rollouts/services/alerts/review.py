"""Reviewing alerts that fit nothing: somebody has looked, and says why they need nothing more (R4.11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from portal.events import journal
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput
from portal.kernel.transactions import unit_of_work
from rollouts.models import UnmatchedAlert

LONGEST_NOTE: Final = 2_000
_NAMED: Final = 50
"""So many alerts are named one by one in the journal; of more, their number stands there."""


@unit_of_work
def review_unmatched(
    scope: Scope,
    *,
    note: str,
    now: datetime,
    alert_ids: Sequence[int] | None = None,
    up_to: int | None = None,
    why: str = "",
    csp_id: int | None = None,
) -> int:
    """Mark alerts as reviewed: those named, or all up to one, of one reason or one CSP if that is said.

    Returns how many were marked; one that has been reviewed keeps the name and the words it has.

    Raises:
        NotPermitted: not an operator of the DCC.
        BadInput: no reason is given, or no alerts.
    """
    scope.check(*MAY_OPERATE)
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise BadInput(f"Say why they need nothing more, in at most {LONGEST_NOTE:,} characters.")
    alerts = UnmatchedAlert.objects.filter(reviewed_at=None)
    if alert_ids:
        alerts = alerts.filter(pk__in=alert_ids)
    elif up_to is not None:
        alerts = alerts.filter(pk__lte=up_to)
    else:
        raise BadInput("Choose at least one alert.")
    if why:
        alerts = alerts.filter(why=why)
    if csp_id is not None:
        alerts = alerts.filter(csp_id=csp_id)
    named = list(alerts.order_by("pk").values_list("alert_id", flat=True)[:_NAMED])
    marked = alerts.update(
        reviewed_at=now, reviewed_by=scope.name, reviewed_by_id=scope.user_id, review_note=note.strip()
    )
    if marked:
        facts = {"alerts": marked, "first": [str(alert_id) for alert_id in named], "reason": note.strip()}
        journal.record("unmatched-alerts.reviewed", subject="unmatched-alerts", by=scope, at=now, facts=facts)
    return marked
