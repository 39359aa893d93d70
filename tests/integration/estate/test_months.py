"""What is kept by month has its months made ahead, year after year."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.kernel import sql
from rollouts import services

pytestmark = pytest.mark.django_db


def months_of(table):
    rows = sql.rows(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = %(table)s::regclass",
        {"table": table},
    )
    return {row.name.removeprefix(f"{table}_") for row in rows}


def test_months_are_made_ahead_and_once():
    now = datetime(2041, 11, 20, tzinfo=UTC)

    assert services.make_months(now=now) == 8
    assert services.make_months(now=now) == 0

    for table in ("rollouts_csp_alert", "rollouts_hub_history"):
        assert {"204111", "204112", "204201", "204202"} <= months_of(table)
