"""What runs is kept running, and all of it ends with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.embedded.failures import CannotStart
from portal.embedded.processes import Program, Supervisor, python, run_to_end

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = python("-c", "import time; print('awake', flush=True); time.sleep(60)")


def alive(pid: int) -> bool:
    try:
        state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path, lines):
    with Supervisor(tmp_path, say=lines.append) as supervisor:
        yield supervisor


def test_a_worker_that_died_is_started_again(supervisor, lines):
    supervisor.start(Program("worker", SLEEPER))
    first = supervisor._kept[0].process
    first.kill()
    first.wait()

    supervisor.watch(until=lambda: supervisor._kept[0].process.pid != first.pid)

    assert alive(supervisor._kept[0].process.pid)
    assert lines == [f"worker ended (killed by SIGKILL); again in 1 s, see {supervisor.logs / 'worker.log'}"]


def test_a_worker_that_keeps_dying_is_started_less_and_less_often(supervisor, lines):
    supervisor.start(Program("worker", python("-c", "raise SystemExit(3)")))

    supervisor.watch(until=lambda: len(lines) == 2)

    assert "exit code 3); again in 1 s" in lines[0]
    assert "exit code 3); again in 2 s" in lines[1]


def test_a_store_that_died_is_started_again_at_once(tmp_path, lines):
    class Store:
        runs = False

        def is_running(self) -> bool:
            return self.runs

        def restart(self) -> None:
            self.runs = True

    store = Store()
    with Supervisor(tmp_path, say=lines.append, servers=[store]) as supervisor:
        supervisor.look()

    assert store.runs
    assert lines == ["Store died; starting it again"]


def test_stopping_ends_also_what_a_program_has_started(tmp_path, lines):
    parent = python(
        "-c",
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True); time.sleep(60)",
    )
    with Supervisor(tmp_path, say=lines.append) as supervisor:
        program = Program("parent", parent)
        supervisor.start(program)
        until(lambda: supervisor.log(program).read_text().strip())
        child = int(supervisor.log(program).read_text())
        assert alive(child)

    until(lambda: not alive(child))


def test_a_program_that_does_not_listen_is_ended_by_force(tmp_path, lines, monkeypatch):
    monkeypatch.setattr("portal.embedded.processes._STOP_WITHIN", 0.3)
    deaf = python(
        "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    )
    with Supervisor(tmp_path, say=lines.append) as supervisor:
        supervisor.start(Program("deaf", deaf))
        until((tmp_path / "deaf.log").read_text)
        pid = supervisor._kept[0].process.pid

    assert not alive(pid)
    assert lines == ["deaf does not stop; ending it by force"]


def test_waiting_in_vain_tells_the_end_of_the_log(supervisor):
    supervisor.start(Program("web", python("-c", "print('no module named sense', flush=True)")))

    with pytest.raises(
        CannotStart, match=r"web was not ready within 1 s. Its log ends:\nno module named sense"
    ):
        supervisor.wait_for("web", lambda: False, within=1)


def test_children_end_with_a_launcher_that_was_killed(tmp_path):
    script = (
        "import sys, pathlib; from portal.embedded.processes import *\n"
        "supervisor = Supervisor(pathlib.Path(sys.argv[1]), say=print)\n"
        "supervisor.start(Program('sleeper', python('-c', 'import time; time.sleep(60)')))\n"
        "print(supervisor._kept[0].process.pid, flush=True); supervisor.watch()"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout
    child = int(launcher.stdout.readline())
    assert alive(child)

    launcher.kill()
    launcher.wait()
    launcher.stdout.close()

    until(lambda: not alive(child))


def test_a_command_is_run_to_its_end_and_heard_line_by_line(lines):
    code = run_to_end(
        python("-c", "import os; print('one'); print(os.environ['WORD']); raise SystemExit(4)"),
        {"WORD": "two"},
        hear=lines.append,
    )

    assert code == 4
    assert lines == ["one", "two"]


def test_a_worker_that_dies_while_a_command_says_nothing_is_started_again(supervisor, lines):
    supervisor.start(Program("worker", SLEEPER))
    os.kill(supervisor._kept[0].process.pid, signal.SIGKILL)

    run_to_end(
        python("-c", "import time; time.sleep(3); print('half a li', end='')"),
        {},
        hear=lines.append,
        meanwhile=supervisor.look,
    )

    assert "killed by SIGKILL" in lines[0]
    assert lines[-1] == "half a li"
    assert alive(supervisor._kept[0].process.pid)


def test_a_command_is_ended_when_the_listener_has_had_enough():
    pids: list[int] = []

    def hear(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_to_end(
            python("-c", "import os, time; print(os.getpid()); time.sleep(60)"), dict(os.environ), hear=hear
        )

    assert not alive(pids[0])
    assert signal.getsignal(signal.SIGINT) is not None
