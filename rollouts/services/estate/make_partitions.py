"""Laying out the months ahead of what is kept by month: alerts, and the history of hubs.

Rows of a month nobody has made land in a partition of their own, and are found there too; but every look
at one month would then read that one as well, and in time it would hold everything.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from django.db import OperationalError

from portal.kernel import sql
from portal.kernel.transactions import unit_of_work

log = structlog.get_logger(__name__)

_TABLES: Final = ("rollouts_csp_alert", "rollouts_hub_history")
_MONTHS: Final = 4


def make_months(*, now: datetime) -> int:
    """Make this month and those ahead where they are missing; return how many were made.

    A table that is busy for long is left for the next time.
    """
    made = 0
    for table in _TABLES:
        try:
            made += _make(table, now=now)
        except OperationalError as problem:
            log.warning("months.busy", table=table, problem=str(problem))
    return made


@unit_of_work
def _make(table: str, *, now: datetime) -> int:
    sql.set_local(lock_timeout="5s")  # behind a long read everybody else would wait for us
    made = sql.fetch_one("rollouts", "make_months", table=table, first=now.date(), months=_MONTHS).made
    return int(made)
