"""Which way a set-based statement goes through a large table, told where the planner cannot know.

# Note [The planner sees the last ANALYZE]
Within a minute a million targets change their state, and no statistics say so. A scan that is thought to find
one row joins it by nested loops, which costs hours when it finds a million; a claim of two thousand hubs that
is thought to meet an empty table reads all of it. So both are told, for their own transaction only.

Flights end by a list of GUIDs, never by a join: after a burst of claims a rollout is thought to have one of
them, and a join then reads all of them for each hub of the page.
"""

from __future__ import annotations

from portal.kernel import sql
from portal.kernel.transactions import inside_unit_of_work


@inside_unit_of_work
def expect_many() -> None:
    """Let the statements of this transaction join whole tables: by hash, with memory to do it in."""
    sql.set_local(enable_nestloop="off", work_mem="128MB")


@inside_unit_of_work
def expect_few() -> None:
    """Let the statements of this transaction look rows up one by one by their keys."""
    sql.set_local(enable_hashjoin="off", enable_mergejoin="off")
