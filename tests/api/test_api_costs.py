"""What calls cost: as many statements for few hubs as for many, for one rollout as for several."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kernel import sql
from tests.api.conftest import stage_of
from tests.api.systems import System
from tests.factories import make_rollout, make_world

#: Statements of each call, those that find the token and its client among them.
PINNED: Final = {
    "/rollouts": 6,
    "/rollouts/{rollout}": 7,
    "/rollouts/{rollout}/forecast": 7,
    "/rollouts/{rollout}/eligible-hubs?limit=1000": 3,
    "/rollouts/{rollout}/hubs?limit=1000": 3,
    "/dashboard": 9,
    "/estate?limit=1000": 4,
    "/estate/summary": 2,
    "/instructions": 2,
    "/labels": 2,
    "/estate/files": 2,
}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[System, str], int]:
    """Count the statements of a call: Django's, and the named ones, which go past its log."""

    def count(system: System, path: str) -> int:
        named, rows = [0], sql.rows

        def counted(*args: Any, **kwargs: Any) -> Any:
            named[0] += 1
            return rows(*args, **kwargs)

        with monkeypatch.context() as patch, CaptureQueriesContext(connection) as captured:
            patch.setattr(sql, "rows", counted)
            answer = system.get(path)
        assert answer.status_code == 200, answer.content
        return len(captured) + named[0]

    return count


@pytest.mark.django_db
@pytest.mark.parametrize(("hubs", "updates"), [(20, 1), (600, 3)])
def test_a_call_takes_as_many_statements_for_few_hubs_as_for_many(
    hubs: int, updates: int, now: datetime, statements
):
    stage = stage_of(make_world(hubs=hubs), now=now)
    for _ in range(updates - 1):
        make_rollout(stage.world, now=now)
    stage.supplier.get("/rollouts")

    result = {path: statements(stage.supplier, path.format(rollout=stage.rollout.pk)) for path in PINNED}

    assert result == PINNED
