"""A list of another Supplier's hubs costs the database what a list of hubs that do not exist costs it."""

from __future__ import annotations

import pytest

from portal.kernel import sql
from tests.integration.instructing import OF_OTHERS, SOLE, SOLE_OF_OTHER, give

pytestmark = [pytest.mark.requirement("R3.3", "R4.2"), pytest.mark.django_db]

UNKNOWN = "00-DB-12-34-00-0F-FF-{:02X}"
READ = """
    SELECT relname, seq_tup_read AS walked, idx_tup_fetch AS fetched FROM pg_stat_xact_user_tables
     WHERE relname = 'rollouts_hub' OR relname LIKE 'rollouts_target%%'
"""


def rows_read() -> dict[str, tuple[int, int]]:
    """How many rows of hubs and targets this transaction has read so far, by table."""
    return {row.relname: (row.walked or 0, row.fetched or 0) for row in sql.rows(sql.Sql(READ))}


def rows_read_by(scope, rollout, text: str, *, now, check: bool) -> dict[str, tuple[int, int]]:
    before = rows_read()
    give(scope, rollout, text, now=now, check=check)
    after = rows_read()
    return {
        name: (walked - before[name][0], fetched - before[name][1])
        for name, (walked, fetched) in after.items()
    }


@pytest.mark.parametrize("check", [True, False])
def test_no_row_is_read_for_anothers_hub_that_would_not_be_for_none(world, rollout, now, check):
    # Of tables this small a planner would read every row for any list; kept clean, large ones are found by keys alone.
    sql.set_local(enable_seqscan="off", enable_bitmapscan="off", enable_indexscan="off")
    theirs = world.pasted(SOLE_OF_OTHER, OF_OTHERS)
    unknown = "\n".join(UNKNOWN.format(number) for number in (17, 19))

    foreign = rows_read_by(world.as_supplier, rollout, theirs, now=now, check=check)
    of_nobody = rows_read_by(world.as_supplier, rollout, unknown, now=now, check=check)
    own = rows_read_by(world.as_supplier, rollout, world.pasted(SOLE), now=now, check=check)

    assert foreign == of_nobody
    assert any(fetched for _, fetched in own.values())
