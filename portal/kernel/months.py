"""Tables partitioned by month: the months ahead are made before anything falls into them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portal.kernel import sql

MONTHS_AHEAD: Final = 3

# A table is kept by month when it has parts named after months, as its migration made the first of them.
_KEPT_BY_MONTH: Final = r"""
SELECT DISTINCT inhparent::regclass::text AS name FROM pg_inherits
 WHERE inhrelid::regclass::text ~ ('^' || inhparent::regclass::text || '_\d{6}$')
 ORDER BY 1
"""
_MAKE: Final = "SELECT kernel_ensure_month_partitions(%(table)s, %(first)s, %(months)s) AS made"


def make_months(*, now: datetime, ahead: int = MONTHS_AHEAD) -> int:
    """Make this month and the next (UTC) of every table that is kept by month; return how many were missing.

    Running it again changes nothing. Rows of a month nobody had made stay in the table's default partition,
    where they are found as well.

    Raises:
        django.db.OperationalError: the caller's `lock_timeout` ran out behind a long read.
    """
    wanted = {"first": now.date(), "months": ahead}
    tables = [row.name for row in sql.rows(_KEPT_BY_MONTH)]
    return sum(int(sql.rows(_MAKE, {"table": table, **wanted})[0].made) for table in tables)
