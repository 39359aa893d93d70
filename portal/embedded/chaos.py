"""Disturb the processes of a run, one fault after another, and measure how long each takes to be well again.

The course of faults follows from its seed: which fault, after what pause, on what process. A fault that the
script itself could not outlive (its database, the web it speaks to) waits until the script lets time pass: it
then gives up the lock of `ScriptLock`, which is held here until all is well.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import resource
import signal
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import psutil
import psycopg
import redis

from portal.embedded.csp_faults import CSP_FAULTS, CspControls
from portal.embedded.processes import Program, Supervisor, python
from portal.embedded.script_lock import ScriptLock
from portal.embedded.services import Services

CRASH_POINTS: Final = (
    "after-claim=0.02 after-sending=0.02 in-applying=0.02 in-sequencing=0.005 between-slices=0.1"
    " before-holding-back=0.2 between-pages=0.1"
)
"""The chances of the crash points of `portal.kernel.crashes`, for workers alone."""
WELL_WITHIN: Final = 30.0
_GIVE_UP_AFTER: Final = 120.0
_STEADY: Final = 13.0
_PAUSE: Final = (3.0, 9.0)
_FROZEN: Final = (10.0, 30.0)
_HELD: Final = (5.0, 10.0)
_MOST_CONNECTIONS: Final = 500
_SOME_CSP_FAULTS: Final = 3
_CLOCKS_AHEAD: Final = (5.0, 60.0, 3_600.0, -5.0, -3_600.0)
_LITTLE: Final = 1024 * 1024
_SKEWED: Final = """
import sys, time, time_machine
time_machine.travel(time.time() + {seconds}, tick=True).start()
from celery.__main__ import main
sys.exit(main())
"""
_WORKERS: Final = ("worker-dispatch", "worker-live", "worker-deliver", "worker-long", "beat", "stream")
_SERVING: Final = ("web", "suspend")


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that happens to a run: `begin` starts it, what that returns ends it after `lasts` seconds."""

    name: str
    begin: Callable[[], Callable[[], None]]
    lasts: tuple[float, float] = (0.0, 0.0)
    needs_quiet: bool = False
    """Whether the script must be at rest."""


@dataclass(slots=True)
class DisturbanceTally:
    """How often a fault happened, and the longest it took to be well after its cause was gone, in seconds."""

    times: int = 0
    longest: float = 0.0
    not_well: int = 0
    """Times that all was not well in `WELL_WITHIN` seconds."""


@dataclass(slots=True)
class Conductor:
    """Plays the course of faults: call `step` several times a second while the script runs."""

    seed: int
    var: Path
    supervisor: Supervisor
    stores: Services
    csps: CspControls
    is_well: Callable[[], bool]
    say: Callable[[str], None]
    tallies: dict[str, DisturbanceTally] = field(default_factory=dict)
    _course: Generator[None, None, None] | None = None

    def step(self) -> None:
        """Do what is due of the course."""
        if self._course is None:
            self._course = self._play()
        next(self._course)

    def end(self) -> None:
        """End the fault that is under way."""
        if self._course is not None:
            self._course.close()

    def table(self) -> list[str]:
        """Write what happened for people."""
        lines = [f"{'What happened':<34}{'times':>6}{'longest until well':>20}{'not in 30 s':>13}"]
        for name, tally in sorted(self.tallies.items()):
            lines.append(f"{name:<34}{tally.times:>6}{tally.longest:>18.1f} s{tally.not_well:>13}")
        return lines

    def _play(self) -> Generator[None, None, None]:
        chance = random.Random(self.seed)  # noqa: S311 - repeatable
        with contextlib.closing(ScriptLock(self.var)) as lock:
            yield from lock.wait_for_script()
            while True:
                faults = list(self._faults(chance))
                chance.shuffle(faults)
                for fault in faults:
                    yield from _wait(chance.uniform(*_PAUSE))
                    if fault.needs_quiet:
                        yield from lock.wait_for_rest()
                    yield from self._perform(fault, chance.uniform(*fault.lasts))
                    lock.give_up()

    def _perform(self, fault: Disturbance, seconds: float) -> Iterator[None]:
        tally = self.tallies.setdefault(fault.name, DisturbanceTally())
        end = fault.begin()
        try:
            yield from _wait(seconds)
        finally:
            end()
        tally.times += 1
        gone = time.monotonic()
        well_since: float | None = None
        # What stands still is named after a while only: all has to be well for longer than that.
        while well_since is None or time.monotonic() - well_since < _STEADY:
            yield
            if not self.is_well():
                well_since = None
            elif well_since is None:
                well_since = time.monotonic()
            if time.monotonic() - gone > _GIVE_UP_AFTER:
                break
        taken = (well_since or time.monotonic()) - gone
        tally.longest = max(tally.longest, taken)
        tally.not_well += taken > WELL_WITHIN
        self.say(f"  chaos: {fault.name}, {seconds:.0f} s; well {taken:.1f} s after")

    def _faults(self, chance: random.Random) -> Iterator[Disturbance]:
        """List each fault once, each on some process."""
        database, broker, cache = self.stores.servers
        worker = chance.choice(_WORKERS)
        for name in {worker, chance.choice(_WORKERS[:3])}:
            yield Disturbance(f"kill {name}", partial(self._kill_program, name))
        child = chance.choice(_WORKERS[:4])
        yield Disturbance(f"kill a child of {child}", lambda: self._kill_child(child, chance))
        frozen = chance.choice(_WORKERS)
        yield Disturbance(f"freeze {frozen}", lambda: _freeze(self.supervisor.pid(frozen)), _FROZEN)
        yield Disturbance("freeze the CSPs", lambda: _freeze(self.supervisor.pid("hubsim")), _FROZEN)
        for name in _SERVING:
            yield Disturbance(f"kill {name}", partial(self._kill_program, name), needs_quiet=True)
        for name in chance.sample(sorted(CSP_FAULTS), _SOME_CSP_FAULTS):
            yield Disturbance(name, partial(self.csps.misbehave, CSP_FAULTS[name]), _HELD)
        if has_clock_to_set():
            off, ahead = chance.choice(_WORKERS[:4]), chance.choice(_CLOCKS_AHEAD)
            yield Disturbance(f"clock of {off} is off", partial(self._set_clock, off, ahead), _FROZEN)
        yield Disturbance("the broker is full", self._fill_broker, _HELD)
        if _may_limit_files(database.pid):
            yield Disturbance("the log's disk is full", self._fill_log, _HELD, needs_quiet=True)
        yield Disturbance("kill the broker", lambda: self._kill(broker.pid))
        yield Disturbance("kill the cache", lambda: self._kill(cache.pid))
        yield Disturbance("empty the broker", self._empty_broker)
        yield Disturbance("freeze the broker", lambda: _freeze(broker.pid), _HELD)
        yield Disturbance("kill the database", lambda: self._kill(database.pid), needs_quiet=True)
        yield Disturbance("freeze the database", lambda: _freeze(database.pid), _HELD, needs_quiet=True)
        yield Disturbance("a hot row is locked", self._lock_rollouts, _HELD, needs_quiet=True)
        yield Disturbance("a foreign transaction stays open", self._stay_open, _FROZEN)
        yield Disturbance("no connection is left", self._take_connections, _HELD, needs_quiet=True)

    def _kill(self, pid: int) -> Callable[[], None]:
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        return _nothing

    def _kill_program(self, name: str) -> Callable[[], None]:
        return self._kill(self.supervisor.pid(name))

    def _kill_child(self, name: str, chance: random.Random) -> Callable[[], None]:
        if pid := self.supervisor.pid(name):
            with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                chance.choice(psutil.Process(pid).children()).kill()
        return _nothing

    def _empty_broker(self) -> Callable[[], None]:
        with redis.Redis.from_url(self.stores.variables["REDIS_URL"]) as client:
            client.flushall()
        return _nothing

    def _fill_broker(self) -> Callable[[], None]:
        url = self.stores.variables["REDIS_URL"]
        with redis.Redis.from_url(url) as client:
            usual = client.config_get("maxmemory")
            client.config_set("maxmemory", 1)

        def make_room() -> None:
            with contextlib.suppress(redis.RedisError), redis.Redis.from_url(url) as client:
                client.config_set("maxmemory", usual["maxmemory"])

        return make_room

    def _fill_log(self) -> Callable[[], None]:
        # No write of PostgreSQL goes beyond the first megabyte of any file: of its log, too, which ends it.
        _limit_files(self.stores.servers[0].pid, _LITTLE)
        return lambda: _limit_files(self.stores.servers[0].pid, resource.RLIM_INFINITY)

    def _set_clock(self, name: str, seconds: float) -> Callable[[], None]:
        usual = self.supervisor.program(name)
        self.supervisor.exchange(name, with_clock_ahead(usual, seconds=seconds))
        return partial(self.supervisor.exchange, name, usual)

    def _lock_rollouts(self) -> Callable[[], None]:
        connection = self._connect()
        connection.execute("SELECT FROM rollouts_rollout FOR UPDATE")
        return connection.close

    def _stay_open(self) -> Callable[[], None]:
        connection = self._connect()
        connection.execute("SELECT count(*) FROM rollouts_target")
        return connection.close

    def _take_connections(self) -> Callable[[], None]:
        taken: list[psycopg.Connection[tuple[object, ...]]] = []
        with contextlib.suppress(psycopg.OperationalError):
            taken.extend(self._connect() for _ in range(_MOST_CONNECTIONS))

        def give_back() -> None:
            for connection in taken:
                connection.close()

        return give_back

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.stores.variables["DATABASE_URL"])


def has_clock_to_set() -> bool:
    """Return whether a process can be given another clock here: what it takes is for development."""
    return importlib.util.find_spec("time_machine") is not None


def with_clock_ahead(program: Program, *, seconds: float) -> Program:
    """Return a program of Celery whose clock is ahead, or behind."""
    start = program.command.index("celery") + 1
    skewed = python("-c", _SKEWED.format(seconds=seconds), *program.command[start:])
    return replace(program, command=skewed)


def _may_limit_files(pid: int) -> bool:
    try:
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE)
    except psutil.Error:  # in a container, the server's user is another
        return False
    return True


def _limit_files(pid: int, octets: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                most = process.rlimit(psutil.RLIMIT_FSIZE)[1]
                process.rlimit(psutil.RLIMIT_FSIZE, (octets, most))


def _freeze(pid: int) -> Callable[[], None]:
    if not pid:
        return _nothing
    stopped = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
    for process in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()

    def go_on() -> None:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    return go_on


def _wait(seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield


def _nothing() -> None:
    """End a fault that ends by itself."""
