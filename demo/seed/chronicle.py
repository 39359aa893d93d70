"""The past of a demonstration in the order of its moments: it was written update by update."""

from __future__ import annotations

from portal.kernel import sql
from portal.kernel.transactions import unit_of_work


@unit_of_work
def put_in_order() -> None:
    """Give what waits for its place in the feeds and in the audit trail numbers that follow the clock."""
    sql.run(_BY_MOMENT.format(table="events_feed_outbox", moment="at", waits="true"))
    sql.run(_BY_MOMENT.format(table="events_event", moment="happened_at", waits="position IS NULL"))


_BY_MOMENT = """
WITH ordered AS (
    SELECT id, (SELECT max(id) FROM {table}) + row_number() OVER (ORDER BY {moment}, id) AS place
      FROM {table} WHERE {waits}
), moved AS (
    UPDATE {table} AS t SET id = o.place FROM ordered AS o WHERE t.id = o.id RETURNING t.id
)
SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM moved HAVING max(id) IS NOT NULL
"""
