"""One command brings the portal up, and Ctrl-C takes all of it down."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.celery import QUEUES
from portal.embedded.failures import CannotStart
from portal.embedded.management.commands import demo
from portal.embedded.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
APART = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST", "DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"}


def processes_of(place: Path) -> list[str]:
    mark = f"PORTAL_VAR={place}".encode()
    result = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (each / "environ").read_bytes().split(b"\0"):
                result.append((each / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return result


@pytest.mark.live
def test_the_whole_portal_comes_up_on_another_port_if_need_be_and_goes_down_at_ctrl_c(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in APART}
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        run = subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "run", f"--port={taken}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment, "PORTAL_VAR": str(tmp_path)},
        )
        assert run.stdout
        content = []
        try:
            for line in run.stdout:
                content.append(line)
                if line.startswith("Logs are in"):
                    break
            ready = next(line for line in content if line.startswith("Ready after"))
            with urllib.request.urlopen(ready.split()[-1] + "readyz", timeout=10) as answer:  # noqa: S310
                checks = json.load(answer)["checks"]
        finally:
            run.send_signal(signal.SIGINT)
            rest = run.stdout.read()
            code = run.wait(40)
            run.stdout.close()

    assert f"Port {taken} is taken: using" in "".join(content)
    queues = {f"queue_{queue}" for queue in QUEUES}
    assert checks == dict.fromkeys({"database", "cache", "beat", "relay"} | queues, "ok")
    assert "Stopped. State is kept" in rest
    assert code == 0
    assert processes_of(tmp_path / "run") == []


def plans(monkeypatch, *, code: int = 0, problem: str = "") -> list[demo.RunPlan]:
    seen: list[demo.RunPlan] = []

    def perform(plan: demo.RunPlan, *, say: object) -> int:
        seen.append(plan)
        if problem:
            raise CannotStart(problem)
        return code

    monkeypatch.setattr(demo, "perform", perform)
    return seen


def test_a_demo_has_as_many_hubs_as_asked_for(monkeypatch, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    monkeypatch.setenv("HUBS", "1234")
    seen = plans(monkeypatch)

    call_command("demo", port=free_port())

    assert seen[0].hubs == 1234
    assert seen[0].var == tmp_path / "demo"
    assert seen[0].then == ()


def test_a_journey_begins_afresh_and_its_exit_code_is_ours(monkeypatch, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "journey" / "postgres").mkdir(parents=True)
    seen = plans(monkeypatch, code=3)

    with pytest.raises(SystemExit) as ended:
        call_command("demo", "--journey", "--hubs=20000")

    assert ended.value.code == 3
    assert seen[0].then == ("journey", f"--report={tmp_path / 'journey.json'}")
    assert not (tmp_path / "journey").exists()


def test_what_hinders_the_start_is_told_without_a_traceback(monkeypatch, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    plans(monkeypatch, problem="The disk is full")

    with pytest.raises(CommandError, match="The disk is full"):
        call_command("demo")


def test_a_reset_clears_what_runs_have_kept(settings, tmp_path, capsys):
    settings.VAR_DIR = tmp_path
    (tmp_path / "demo" / "postgres").mkdir(parents=True)

    call_command("demo_reset")

    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == "Cleared.\n"
