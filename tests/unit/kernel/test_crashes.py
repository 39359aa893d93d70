"""Crash points: a process dies there where a demonstration asks for it, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portal import environment
from portal.embedded.chaos import CRASH_POINTS
from portal.kernel.crashes import CrashPoint

ROOT = Path(__file__).resolve().parents[3]
APART = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST"}
SCRIPT = """
import django
django.setup()
from portal.kernel.crashes import CrashPoint, crash_point
crash_point(CrashPoint.AFTER_SENDING)
"""


def exit_code(**more):
    inherited = {name: value for name, value in os.environ.items() if name not in APART}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={
            **inherited,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SECRET_KEY": "x" * 50,
            "PYTHONPATH": str(ROOT),
            **more,
        },
        check=False,
    )
    return run.returncode


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"DEMO": "1", "CRASH_POINTS": "after-sending=1"}, -signal.SIGKILL),
        ({"DEMO": "1", "CRASH_POINTS": "after-claim=1"}, 0),
        ({"DEMO": "1"}, 0),
        ({"DEBUG": "1", "CRASH_POINTS": "after-sending=1"}, 0),
    ],
)
def test_a_process_dies_where_a_demonstration_asks_for_it(variables, code):
    assert exit_code(**variables) == code


def test_chaos_names_every_crash_point(monkeypatch):
    monkeypatch.setenv("CRASH_POINTS", CRASH_POINTS)

    assert set(environment.chances("CRASH_POINTS")) == set(CrashPoint)


@pytest.mark.parametrize("text", ["after-claim", "after-claim=often"])
def test_a_chance_is_a_number(monkeypatch, text):
    monkeypatch.setenv("CRASH_POINTS", text)

    with pytest.raises(ValueError, match="could not convert"):
        environment.chances("CRASH_POINTS")
