"""The past of a demonstration in the order of its moments: it was written rollout by rollout."""

from __future__ import annotations

from portal.kernel import sql
from portal.kernel.statements import Sql
from portal.kernel.transactions import unit_of_work


@unit_of_work
def put_in_order() -> None:
    """Return what waits for its place in the feeds and in the audit trail numbers that follow the clock."""
    _number(table="events_feed_outbox", moment="at", waits=Sql("true"))
    _number(table="events_event", moment="happened_at", waits=Sql("position IS NULL"))


def _number(*, table: str, moment: str, waits: Sql) -> None:
    numbering = sql.statement("demo", "number_by_moment", table=table, moment=moment, waits=waits)
    sql.run(numbering, {"table": table})
