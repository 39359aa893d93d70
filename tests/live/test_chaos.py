"""A rollout comes to its end although everything around it is killed, frozen and cut off: `make chaos`, in short."""

from __future__ import annotations

import os

import pytest

from demo.journey.report import MUST_BE_NOTHING
from tests.live.scripts import play


@pytest.mark.live
@pytest.mark.skipif(
    "CHAOS" not in os.environ, reason="takes minutes: CHAOS=1 runs it, `make chaos` the long form"
)
def test_nothing_is_lost_and_nothing_is_early_while_processes_die(tmp_path):
    report, output = play("journey", "--brief", "--hubs=2000", "--chaos=7", home=tmp_path)

    assert {name: report[name] for name in MUST_BE_NOTHING} == dict.fromkeys(MUST_BE_NOTHING, 0)
    assert report["activated"] > 0.9 * report["eligible"] > 0
    assert "chaos: kill the database" in output
