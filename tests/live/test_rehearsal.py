"""A bad release, halted by its rule, let go on by the Panel, and run to its last hub, with every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.embedded.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
APART = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST", "DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"}
PATIENCE = 900


@pytest.mark.live
@pytest.mark.requirement("R5.3", "R5.4", "R5.6", "R5.7")
def test_a_bad_release_is_halted_and_goes_on_to_its_end_once_it_is_mended(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in APART}
    words = ("demo", "--incident", "--outcome=PROCEED", "--hubs=5000", f"--port={free_port()}")

    run = subprocess.run(
        [sys.executable, ROOT / "manage.py", *words],
        env={**environment, "PORTAL_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-6000:] + run.stderr
    report = json.loads((tmp_path / "incident.json").read_text())
    assert (report["outcome"], report["status"]) == ("PROCEED", "COMPLETE")
    assert set(report["wrong"].values()) == {0}
    assert "Devices lost" in report["why"]
    assert 0 < report["activated_before_the_halt"] < report["activated_in_all"] <= report["hubs"]
