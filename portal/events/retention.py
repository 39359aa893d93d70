"""How long the feed is kept: months are made ahead, and those that are over long enough are forgotten whole.

The journal of facts is kept for ever; so are hubs' histories. What ends is the list of entries a system
follows by cursor, and a cursor from before its end is told so (`CursorExpired`), never served half.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from dateutil.relativedelta import relativedelta
from django.conf import settings

from portal.kernel import sql
from portal.kernel.transactions import unit_of_work

_TABLE: Final = "events_feed_entry"
_REST: Final = f"{_TABLE}_rest"
_MONTHS_AHEAD: Final = 3
_MONTH: Final = re.compile(rf"{_TABLE}_(\d{{4}})(\d{{2}})")
_REMEMBER: Final = """
UPDATE events_feed_head AS head
   SET dropped_to = greatest(head.dropped_to, gone.position)
  FROM (SELECT party_id, max(position) AS position FROM {source} GROUP BY party_id) AS gone
 WHERE head.party_id = gone.party_id
"""


@unit_of_work
def keep_feed(*, now: datetime) -> list[str]:
    """Make the months ahead and forget those that ended too long ago; return what was forgotten.

    Running it again changes nothing. Each party's `dropped_to` is moved in the same transaction.
    """
    sql.run("SET LOCAL lock_timeout = '5s'")  # behind a long read everybody else would wait for us
    sql.run(
        "SELECT kernel_ensure_month_partitions(%(table)s, %(first)s, %(months)s)",
        {"table": _TABLE, "first": now.date(), "months": _MONTHS_AHEAD},
    )
    oldest = oldest_month(now)
    forgotten = [name for name in _months() if _month_of(name) < oldest]
    for name in forgotten:
        sql.run(_REMEMBER.format(source=name))
        sql.run(f"DROP TABLE {name}")
    _forget_the_rest(oldest)
    return forgotten


def oldest_month(now: datetime) -> date:
    """Return the first day of the oldest month that is kept."""
    return now.date().replace(day=1) - relativedelta(months=settings.FEED_KEPT_MONTHS)


def _months() -> list[str]:
    rows = sql.rows(
        """
        SELECT inhrelid::regclass::text AS name FROM pg_inherits
         WHERE inhparent = %(table)s::regclass ORDER BY 1
        """,
        {"table": _TABLE},
    )
    return [row.name for row in rows if _MONTH.fullmatch(row.name)]


def _month_of(name: str) -> date:
    year, month = _MONTH.fullmatch(name).groups()  # type: ignore[union-attr]
    return date(int(year), int(month), 1)


def _forget_the_rest(oldest: date) -> None:
    # What lies in no month of its own: a clock that was moved, or months nobody had made.
    params = {"oldest": oldest}
    old = f"(SELECT party_id, position FROM {_REST} WHERE at < %(oldest)s::date) AS old"  # noqa: S608
    sql.run(_REMEMBER.format(source=old), params)
    sql.run(f"DELETE FROM {_REST} WHERE at < %(oldest)s::date", params)  # noqa: S608
