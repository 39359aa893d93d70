"""A database is lost in the middle of a rollout, and nothing else is: `make drill-…`, in short."""

from __future__ import annotations

import os

import pytest

from demo.journey.report import MUST_BE_NOTHING
from tests.live.scripts import play

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        "DRILLS" not in os.environ, reason="takes minutes: DRILLS=1 runs it, or `make drill-…`"
    ),
]


@pytest.mark.parametrize("kind", ["restore", "failover"])
def test_a_rollout_comes_to_its_end_although_its_database_is_lost(kind, tmp_path):
    report, output = play("journey", "--brief", "--hubs=2000", f"--drill={kind}", home=tmp_path)

    assert {name: report[name] for name in MUST_BE_NOTHING} == dict.fromkeys(MUST_BE_NOTHING, 0)
    assert report["activated"] > 0.9 * report["eligible"] > 0
    assert "did not come to its end" not in output


def test_two_releases_run_beside_each_other(tmp_path):
    report, output = play("journey", "--hubs=2000", "--drill=upgrade", home=tmp_path)

    assert {name: report[name] for name in MUST_BE_NOTHING} == dict.fromkeys(MUST_BE_NOTHING, 0)
    assert "the new ones go on alone" in output
