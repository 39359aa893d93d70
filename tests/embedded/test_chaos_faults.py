"""What the conductor of chaos does to processes and CSPs begins and ends as it says."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import psutil

from portal.embedded import chaos
from portal.embedded.csp_faults import CSP_FAULTS, CspControls
from portal.embedded.ports import free_port
from portal.embedded.processes import Program, Supervisor, python

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "of-this-test"


def test_csps_misbehave_and_behave_again(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ("serve", "--hubs=100", f"--port={port}", "--portal-url=http://127.0.0.1:1", "--profile=calm")
    program = Program(
        "hubsim", python("-m", "hubsim", *words), {"HUBSIM_TOKEN": TOKEN, "HUBSIM_TOKENS": ""}, folder=ROOT
    )
    with Supervisor(tmp_path, say=print) as supervisor, httpx.Client(base_url=url, trust_env=False) as client:
        supervisor.start(program)
        supervisor.wait_for("hubsim", lambda: _answers(client), within=60)
        usual = client.get("/profile").json()
        controls = CspControls(url, token=TOKEN)

        for changes in CSP_FAULTS.values():
            behave = controls.misbehave(changes)
            profile = client.get("/profile").json()
            assert all(
                profile[part][name] == value for part, each in changes.items() for name, value in each.items()
            )
            behave()
            assert client.get("/profile").json() == usual


def test_csps_that_are_away_stay_as_they_are():
    CspControls(f"http://127.0.0.1:{free_port()}", token=TOKEN).misbehave(CSP_FAULTS["alerts are lost"])()


def test_a_program_runs_with_another_clock_and_again_with_its_own(tmp_path):
    usual = Program("worker", (sys.executable, "-m", "celery", "--help"), {})
    skewed = chaos.with_clock_ahead(usual, seconds=-3600)

    assert skewed.command[0] == sys.executable
    assert "+ -3600" in skewed.command[2]
    assert skewed.command[3:] == ("--help",)
    with Supervisor(tmp_path, say=print) as supervisor:
        supervisor.start(Program("worker", (sys.executable, "-c", "import time; time.sleep(60)")))
        before = supervisor.pid("worker")
        other = Program("worker", (sys.executable, "-c", "import time; time.sleep(61)"))
        supervisor.exchange("worker", other)
        supervisor.watch(until=lambda: supervisor.pid("worker") not in {0, before})

        assert supervisor.program("worker") == other
        assert "sleep(61)" in psutil.Process(supervisor.pid("worker")).cmdline()[2]


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False
