"""Keep the portal's processes running: start them, log their words, start again what died, stop all.

Every child has a session of its own, so that Ctrl-C reaches only us and we stop the rest in order; and Linux
tells each of them to end if we die without a chance to say so.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from portal.embedded.failures import CannotStart, last_lines
from portal.embedded.privileges import follow_parent

_LOOK_EVERY: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
_WELL_AFTER: Final = 60.0
_STOP_WITHIN: Final = 15.0
_LARGE_LOG: Final = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """A command that is to run all the time."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    """Where it runs; none = where we do."""


class Server(Protocol):
    """What PostgreSQL and Valkey have in common."""

    @property
    def pid(self) -> int:
        """The number of the server process; 0 where there is none."""

    def is_running(self) -> bool:
        """Return whether the server process lives."""

    def restart(self) -> None:
        """Start it again, on the port it had."""


@dataclass(slots=True)
class _RunningProgram:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    pause: float = 1.0
    again_at: float | None = None


class Supervisor:
    """A set of programs, kept running. Use it as a context: leaving it stops them all."""

    def __init__(self, logs: Path, *, say: Callable[[str], None], servers: Iterable[Server] = ()) -> None:
        """Write one log a program under `logs`; tell what happens through `say`."""
        self.logs = logs
        self._say = say
        self._servers = list(servers)
        self._kept: list[_RunningProgram] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Supervisor:
        """Nothing runs yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything, whatever happened."""
        self.stop()

    def start(self, program: Program) -> None:
        """Start a program and keep it running from now on."""
        log = self.log(program)
        if log.exists() and log.stat().st_size > _LARGE_LOG:
            log.replace(log.with_suffix(".log.1"))
        self._kept.append(_RunningProgram(program, self._launch(program), time.monotonic()))

    def log(self, program: Program) -> Path:
        """Return where this program's words go."""
        return self.logs / f"{program.name}.log"

    def names(self) -> list[str]:
        """Return the names of the programs, first started first."""
        return [each.program.name for each in self._kept]

    def pid(self, name: str) -> int:
        """Return the leader of a program's session; 0 while it waits to begin again."""
        return next(
            (each.process.pid for each in self._kept if each.program.name == name and each.again_at is None),
            0,
        )

    def end(self, name: str) -> None:
        """Let one program finish what it does, and keep it stopped."""
        for running in [each for each in self._kept if each.program.name == name]:
            self._kept.remove(running)
            running.process.terminate()  # itself alone: it tells its children when they have done their work
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(_STOP_WITHIN)
            _signal(running.process, signal.SIGKILL)
            running.process.wait()

    def program(self, name: str) -> Program:
        """Return what runs under a name."""
        return next(each.program for each in self._kept if each.program.name == name)

    def exchange(self, name: str, program: Program) -> None:
        """Run something else under a name, from the next look on."""
        for running in self._kept:
            if running.program.name == name:
                running.program = program
                _signal(running.process, signal.SIGKILL)

    def follow(self, successor: Server, *, instead_of: Server) -> None:
        """Look after another server from now on, and no longer after the one it takes over from."""
        self._servers[self._servers.index(instead_of)] = successor

    def wait_for(self, name: str, is_ready: Callable[[], bool], *, within: float) -> None:
        """Wait until a program does its work, starting again whatever dies meanwhile.

        Raises:
            CannotStart: it is not ready in time.
        """
        deadline = time.monotonic() + within
        while not is_ready():
            if time.monotonic() > deadline:
                lines = last_lines(self.logs / f"{name}.log")
                raise CannotStart(f"{name} was not ready within {within:.0f} s. Its log ends:\n{lines}")
            self.look()
            time.sleep(_LOOK_EVERY)

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep everything running until told otherwise, by `until` or by an exception."""
        while not until():
            self.look()
            time.sleep(_LOOK_EVERY)

    def look(self) -> None:
        """Start again what died: the servers at once, a program after a pause that doubles each time."""
        for server in self._servers:
            if not server.is_running():
                self._say(f"{type(server).__name__} died; starting it again")
                server.restart()
        for running in self._kept:
            self._look_after(running)

    def stop(self) -> None:
        """Ask all to end, last started first, and end by force what has not after a while."""
        for running in reversed(self._kept):
            _signal(running.process, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_WITHIN
        for running in reversed(self._kept):
            try:
                running.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{running.program.name} does not stop; ending it by force")
            _signal(running.process, signal.SIGKILL)  # also what it left behind in its session
            running.process.wait()
        self._kept.clear()

    def _look_after(self, running: _RunningProgram) -> None:
        at = time.monotonic()
        if running.again_at is not None:
            if at >= running.again_at:
                running.process, running.started, running.again_at = self._launch(running.program), at, None
            return
        code = running.process.poll()
        if code is None:
            return
        if at - running.started > _WELL_AFTER:
            running.pause = 1.0
        self._say(
            f"{running.program.name} ended ({_exit_words(code)}); again in {running.pause:.0f} s, "
            f"see {self.log(running.program)}"
        )
        running.again_at = at + running.pause
        running.pause = min(_LONGEST_PAUSE, running.pause * 2)

    def _launch(self, program: Program) -> subprocess.Popen[bytes]:
        with self.log(program).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own programs
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=child_environment(program.environment),
                cwd=program.folder,
                start_new_session=True,
                preexec_fn=lambda: follow_parent(signal.SIGTERM),  # noqa: PLW1509 - we have no threads
            )


def run_to_end(
    command: tuple[str, ...],
    environment: Mapping[str, str],
    *,
    hear: Callable[[str], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> int:
    """Run a command to its end, pass on what it says line by line, and return its exit code.

    `meanwhile` is called several times a second, however long the command says nothing.
    An exception from `hear`, or a signal of ours that raises, ends it too.
    """
    process = subprocess.Popen(  # noqa: S603 - our own programs
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=child_environment(environment),
        start_new_session=True,
        preexec_fn=lambda: follow_parent(signal.SIGTERM),  # noqa: PLW1509 - we have no threads
    )
    try:
        for line in _lines_of(process):
            if line is not None:
                hear(line)
            meanwhile()
        return process.wait()
    finally:
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        _signal(process, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _lines_of(process: subprocess.Popen[bytes]) -> Iterator[str | None]:
    """Yield each line as it comes, and None whenever nothing has come for a moment."""
    if process.stdout is None:
        return
    words = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(_LOOK_EVERY):
                yield None
                continue
            chunk = os.read(process.stdout.fileno(), 65_536)
            *lines, words = (words + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
            if not chunk:
                break
    if words:
        yield words.decode(errors="replace")


def child_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return our environment and more, in which Python keeps its compiled files and says things at once.

    Without compiled files every process needs five seconds to start instead of one.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONDONTWRITEBYTECODE", "PYTEST_VERSION", "PYTEST_CURRENT_TEST"}
    }
    return {**inherited, "PYTHONUNBUFFERED": "1", **more}


def python(*words: str) -> tuple[str, ...]:
    """Return a command run by this very Python."""
    return (sys.executable, *words)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _exit_words(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
