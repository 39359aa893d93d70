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


@unit_of_work
def keep_feed(*, now: datetime) -> list[str]:
    """Make the months ahead and forget those that ended too long ago; return what was forgotten.

    Running it again changes nothing. Each party's `dropped_to` is moved in the same transaction.
    """
    sql.set_local(lock_timeout="5s")  # behind a long read everybody else would wait for us
    sql.execute("portal.events", "make_feed_months", first=now.date(), months=_MONTHS_AHEAD)
    oldest = oldest_month(now)
    forgotten = [name for name in _months() if _month_of(name) < oldest]
    for name in forgotten:
        _remember(name, oldest=None)
        sql.execute("portal.events", "drop_month", month=name)
    _forget_the_rest(oldest)
    return forgotten


def oldest_month(now: datetime) -> date:
    """Return the first day of the oldest month that is kept."""
    return now.date().replace(day=1) - relativedelta(months=settings.FEED_KEPT_MONTHS)


def _months() -> list[str]:
    rows = sql.fetch_all("portal.events", "feed_months")
    return [row.name for row in rows if _MONTH.fullmatch(row.name)]


def _month_of(name: str) -> date:
    year, month = _MONTH.fullmatch(name).groups()  # type: ignore[union-attr]
    return date(int(year), int(month), 1)


def _forget_the_rest(oldest: date) -> None:
    # What lies in no month of its own: a clock that was moved, or months nobody had made.
    _remember(_REST, oldest=oldest)
    sql.execute("portal.events", "forget_rest", oldest=oldest)


def _remember(month: str, *, oldest: date | None) -> None:
    sql.run(sql.statement("portal.events", "remember_dropped", month=month), {"oldest": oldest})
