"""A rollout comes to its end although everything around it is killed, frozen and cut off: `make chaos`, in short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.journey.report import MUST_BE_NOTHING
from portal.embedded.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
APART = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST", "DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"}
PATIENCE = 900


@pytest.mark.live
@pytest.mark.skipif(
    "CHAOS" not in os.environ, reason="takes minutes: CHAOS=1 runs it, `make chaos` the long form"
)
def test_nothing_is_lost_and_nothing_is_early_while_processes_die(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in APART}
    words = ["demo", "--journey", "--brief", "--hubs=2000", "--chaos=7", f"--port={free_port()}"]

    run = subprocess.run(
        [sys.executable, ROOT / "manage.py", *words],
        env={**environment, "PORTAL_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-6000:] + run.stderr
    report = json.loads((tmp_path / "journey.json").read_text())
    assert {name: report[name] for name in MUST_BE_NOTHING} == dict.fromkeys(MUST_BE_NOTHING, 0)
    assert report["activated"] > 0.9 * report["eligible"] > 0
    assert "chaos: kill the database" in run.stdout
