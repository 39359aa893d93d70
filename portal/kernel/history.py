"""Which line of its history the database is on.

A database that is restored to an earlier moment, and a standby that takes over, go on from where they were:
what was committed after that is lost, while others have acted on it. Both begin another line of history (a
*timeline* of PostgreSQL; after a dump, another cluster). Each part of the portal that others may be ahead of
asks whether the line is another, and puts right what it is about.
"""

from __future__ import annotations

from enum import StrEnum

from django.db import connection

from portal.kernel.models import SeenLine
from portal.kernel.transactions import inside_unit_of_work

_LINES = """
SELECT system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8),
       (SELECT line FROM kernel_seen_line WHERE part = %s)
  FROM pg_control_system()
"""


class HistoryPart(StrEnum):
    """What others may be ahead of."""

    FEED = "feed"
    """Positions that readers have been given."""
    HUBS = "hubs"
    """What hubs were told, and have told."""


@inside_unit_of_work
def has_turned(part: HistoryPart) -> bool:
    """Return, once and with the caller's transaction, whether the database is on another line than last seen.

    A line that is seen for the first time is remembered, and no turn.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [part.value])
        now, seen = cursor.fetchone()
    if now == seen:
        return False
    if seen is None:
        SeenLine.objects.bulk_create([SeenLine(part=part, line=now)], ignore_conflicts=True)
        return False
    # Of several who see it at once, one has it.
    return bool(SeenLine.objects.filter(part=part, line=seen).update(line=now))
