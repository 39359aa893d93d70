"""Alerts that came before their hub was in the inventory: put back in line once a file brings it (R4.11)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portal.events import journal
from portal.kernel import sql
from portal.kernel.transactions import outside_unit_of_work, unit_of_work
from rollouts.services.governance.act import the_portal

PUT_BACK_AT_ONCE: Final = 10_000
"""As many as a CSP may send in one call."""


@outside_unit_of_work
def put_back_early_alerts(*, now: datetime) -> int:
    """Put back what can be placed by now, slice by slice; return how many alerts there were.

    They are applied as calls of their CSP, in any order and once: running it again finds nothing more.
    """
    total, after = 0, 0
    while slice_ := _put_back(after=after, now=now):
        alerts, after = slice_
        total += alerts
    return total


@unit_of_work
def _put_back(*, after: int, now: datetime) -> tuple[int, int] | None:
    row = sql.fetch_one("rollouts", "put_back_early", after=after, size=PUT_BACK_AT_ONCE)
    if not row.alerts:
        return None
    facts = {"alerts": row.alerts}
    journal.record(
        "unmatched-alerts.put-back", subject="unmatched-alerts", by=the_portal(), at=now, facts=facts
    )
    return row.alerts, row.latest
