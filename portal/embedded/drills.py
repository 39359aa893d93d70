"""What an operator does with databases and releases, played while a rollout runs and said step by step."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, cast

import psycopg

from portal.embedded import backups
from portal.embedded.postgres import PostgresServer
from portal.embedded.processes import Supervisor
from portal.embedded.release_before import SUFFIX
from portal.embedded.script_lock import ScriptLock
from portal.embedded.services import Services

_LOOK_EVERY: Final = 0.5
_SOME: Final = 0.2
_MANY: Final = 0.5
_STANDING: Final = """
SELECT count(*), count(*) FILTER (WHERE state = %(with_image)s),
       count(*) FILTER (WHERE state = %(activated)s),
       (SELECT count(*) FROM rollouts_command WHERE sent_at IS NOT NULL),
       (SELECT coalesce(sum(count), 0)::bigint FROM rollouts_csp_alert_batch)
  FROM rollouts_target
"""
# Of `rollouts.states.TargetState`, which stands above what starts processes.
_STATES: Final = {"with_image": 40, "activated": 60}


class DrillKind(StrEnum):
    """What is drilled."""

    RESTORE = "restore"
    FAILOVER = "failover"
    UPGRADE = "upgrade"


class Course(Protocol):
    """Something that happens while a script runs."""

    def step(self) -> None:
        """Do what is due: called several times a second."""

    def end(self) -> None:
        """Undo what is under way."""

    def table(self) -> list[str]:
        """Write what happened for people."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the rollouts of a run have come, as the database has it."""

    hubs: int
    with_image: int
    activated: int
    commands: int
    alerts: int

    def __str__(self) -> str:
        return (
            f"{self.activated:,} of {self.hubs:,} hubs activated, {self.with_image:,} hold the image;"
            f" {self.commands:,} commands sent, {self.alerts:,} alerts taken in"
        )


@dataclass(slots=True)
class Drill:
    """One drill: call `step` several times a second while the script runs."""

    kind: DrillKind
    var: Path
    supervisor: Supervisor
    stores: Services
    is_well: Callable[[], bool]
    say: Callable[[str], None]
    is_over: bool = False
    _lines: list[str] = field(default_factory=list)
    _course: Generator[None, None, None] | None = None
    _standby: PostgresServer | None = None

    def step(self) -> None:
        """Do what is due."""
        if self._course is None:
            self._course = self._play()
        next(self._course, None)

    def end(self) -> None:
        """Let go of what the drill holds."""
        if self._course is not None:
            self._course.close()

    def stop(self) -> None:
        """Stop the server that took over."""
        if self._standby is not None:
            self._standby.stop()

    def table(self) -> list[str]:
        """Write what happened for people."""
        ending = [] if self.is_over else [f"The drill ({self.kind}) did not come to its end."]
        return ["", f"The drill: {self.kind}", *self._lines, *ending]

    def _play(self) -> Generator[None, None, None]:
        courses = {
            DrillKind.RESTORE: self._restore,
            DrillKind.FAILOVER: self._fail_over,
            DrillKind.UPGRADE: self._upgrade,
        }
        with contextlib.closing(ScriptLock(self.var)) as lock:
            yield from lock.wait_for_script()
            yield from courses[self.kind](lock)
        self.is_over = True

    def _restore(self, lock: ScriptLock) -> Iterator[None]:
        server = self._server
        backup = server.data.with_name("backup")
        backups.back_up(server, backup)
        self._note(f"A base backup is taken. {self._standing()}.")
        yield from self._until(lambda now: now.with_image > _SOME * now.hubs > 0)
        point = backups.RestorePoint(server, "drill")
        before = self._standing()
        self._note(f"The moment to which we shall restore. {before}.")
        yield from self._until(lambda now: now.activated > _MANY * now.hubs)
        yield from lock.wait_for_rest()
        at_loss, clock = self._standing(), self._clock()
        began = time.monotonic()
        server.kill()
        self._note(f"The database is lost. {at_loss}.")
        backups.restore(server, backup, point)
        self._set_clock(clock)
        self._note(
            f"Restored from backup and log, {time.monotonic() - began:.1f} s after. {self._standing()}:"
            f" {at_loss.commands - before.commands:,} commands and {at_loss.alerts - before.alerts:,} alerts"
            " are forgotten."
        )
        yield from self._until_well(began)
        lock.give_up()
        yield from self._until(lambda now: now.activated >= at_loss.activated)
        self._note(
            f"The hubs have been read: what was known is known again,"
            f" {time.monotonic() - began:.1f} s after the loss. {self._standing()}."
        )

    def _fail_over(self, lock: ScriptLock) -> Iterator[None]:
        server = self._server
        home = self.var / "postgres-standby"
        self._standby = backups.make_standby(server, home, port=self.stores.standby_port)
        self._note(f"A standby follows on port {self._standby.port}. {self._standing()}.")
        yield from self._until(lambda now: now.activated > _SOME * now.hubs > 0)
        yield from lock.wait_for_rest()
        at_loss = self._standing()
        began = time.monotonic()
        server.kill()
        self.supervisor.follow(self._standby, instead_of=server)
        self._note(f"The primary is killed. {at_loss}.")
        backups.promote(self._standby)
        self._note(f"The standby takes writes, {time.monotonic() - began:.1f} s after. {self._standing()}.")
        yield from self._until_well(began)
        lock.give_up()
        yield from self._until(lambda now: now.activated > at_loss.activated)
        self._note(f"The rollout goes on, {time.monotonic() - began:.1f} s after. {self._standing()}.")

    def _upgrade(self, lock: ScriptLock) -> Iterator[None]:
        earlier = [name for name in self.supervisor.names() if name.endswith(SUFFIX)]
        self._note(f"Beside the new release run: {', '.join(earlier)}. The CSPs' alerts go to web-before.")
        yield from self._until(lambda now: now.activated > _MANY * now.hubs > 0)
        yield from lock.wait_for_rest()
        self._note(f"Half of the hubs are done by both releases together. {self._standing()}.")
        for name in earlier:
            if not name.startswith("web"):
                self.supervisor.end(name)
        lock.give_up()
        self._note("The workers of the earlier release are stopped; the new ones go on alone.")

    def _until(self, is_so: Callable[[Standing], bool]) -> Iterator[None]:
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                if is_so(self._standing()):
                    return
            looked = time.monotonic()
            while time.monotonic() < looked + _LOOK_EVERY:
                yield

    def _until_well(self, began: float) -> Iterator[None]:
        while not self.is_well():
            yield
        self._note(
            f"Web, stream, workers and beat are well, {time.monotonic() - began:.1f} s after the loss."
        )

    @property
    def _server(self) -> PostgresServer:
        return cast("PostgresServer", self.stores.servers[0])

    def _standing(self) -> Standing:
        with self._connect() as connection:
            row = connection.execute(_STANDING, _STATES).fetchone()
        return Standing(*(row or (0, 0, 0, 0, 0)))

    def _clock(self) -> tuple[datetime, datetime, float]:
        # No restore sets time back: only in a demonstration is the clock a row, and the simulator's goes on.
        query = "SELECT real_at, business_at, rate FROM kernel_businessclock"
        with self._connect() as connection:
            return cast("tuple[datetime, datetime, float]", connection.execute(query).fetchone())

    def _set_clock(self, clock: tuple[datetime, datetime, float]) -> None:
        with self._connect() as connection:
            connection.execute(
                "UPDATE kernel_businessclock SET real_at = %s, business_at = %s, rate = %s", clock
            )

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.stores.variables["DATABASE_URL"], target_session_attrs="read-write")

    def _note(self, line: str) -> None:
        self._lines.append(f"{len(self._lines) + 1}. {line}")
        self.say(f"  drill: {line}")
