"""A script of the demonstration, played by all its processes: what became of it, and its report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from portal.embedded.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
APART = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST", "DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"}
PATIENCE = 900


def play(script: str, *words: str, home: Path) -> tuple[dict[str, Any], str]:
    """Play a script to its end; return its report and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in APART}
    run = subprocess.run(
        [sys.executable, ROOT / "manage.py", "demo", f"--{script}", *words, f"--port={free_port()}"],
        env={**environment, "PORTAL_VAR": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr
    return json.loads((home / f"{script}.json").read_text()), run.stdout
