"""Our copy of the estate, in SQLite.

An entry and what it changes are kept in one transaction, so a crash at any moment costs a repetition, and a
repetition changes nothing.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_portal.generated.models import EstateHub, Event

NEWS = {"portal.rollout.notified", "portal.safe_launch.opened", "portal.rollout.resumed"}
TABLES = """
CREATE TABLE IF NOT EXISTS hub (guid TEXT PRIMARY KEY, firmware_version TEXT, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (position INTEGER PRIMARY KEY, type TEXT NOT NULL, rollout_id INTEGER);
CREATE TABLE IF NOT EXISTS cursor (way TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rollout (id INTEGER PRIMARY KEY, news INTEGER NOT NULL, decided INTEGER);
CREATE TABLE IF NOT EXISTS decision (key TEXT PRIMARY KEY, rollout_id INTEGER NOT NULL, guids TEXT NOT NULL,
                                     outcome TEXT);
"""


@dataclass(frozen=True)
class Decision:
    """What our rule has decided: which hubs of a rollout to instruct, under which key."""

    key: str
    rollout_id: int
    guids: list[str]


@dataclass(frozen=True)
class WayCursor:
    """How far one way of following has brought us; `take` keeps it with the entries."""

    mirror: Mirror
    way: str

    def load(self) -> int | None:
        """Return the position."""
        return self.mirror.position(self.way)

    def save(self, position: int) -> None:
        """Leave it: it is kept already."""


class Mirror:
    """What we know, and up to where. Poll, stream and webhook may all write to it at once."""

    def __init__(self, path: Path | str) -> None:
        self.lock = threading.Lock()
        self.database = sqlite3.connect(path, check_same_thread=False)
        self.database.executescript(TABLES)
        self.repeated = 0

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self.database.close()

    def begin(self, hubs: Iterable[EstateHub], *, position: int) -> int:
        """Take the whole estate as it stood at a position, or later; return how many hubs it has."""
        rows = ((hub.guid, hub.firmware_version, position) for hub in hubs)
        with self.lock, self.database:
            self.database.execute("DELETE FROM hub")
            self.database.execute("DELETE FROM cursor")
            self.database.executemany("INSERT INTO hub VALUES (?, ?, ?)", rows)
            self.database.execute("INSERT INTO cursor VALUES ('start', ?)", (position,))
            return int(self.database.execute("SELECT count(*) FROM hub").fetchone()[0])

    def take(self, events: Iterable[Event], *, way: str, position: int | None = None) -> list[Event]:
        """Keep events and what they change; return those that are new to us, by whichever way they came."""
        new = []
        with self.lock, self.database:
            for event in events:
                if event.id.isdecimal():  # a test event has no position
                    position = max(position or 0, int(event.id))
                    if self._keep(event):
                        new.append(event)
                    else:
                        self.repeated += 1
            if position is not None:
                self.database.execute(
                    "INSERT INTO cursor VALUES (?, ?) ON CONFLICT (way) DO UPDATE"
                    " SET position = max(position, excluded.position)",
                    (way, position),
                )
        return new

    def _keep(self, event: Event) -> bool:
        position, data = int(event.id), event.data
        rollout_id = data.rollout.id if data.rollout else None
        known = self.database.execute(
            "INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", (position, event.type_, rollout_id)
        )
        if not known.rowcount:
            return False
        if event.type_ in NEWS and rollout_id is not None:
            self._note_news(rollout_id, position)
        if data.guid and position > self._start():  # what was before is in the estate as we read it
            self._change(event.type_, position, data.guid, data.firmware_version)
        return True

    def _note_news(self, rollout_id: int, position: int) -> None:
        self.database.execute(
            "INSERT INTO rollout VALUES (?, ?, NULL)"
            " ON CONFLICT (id) DO UPDATE SET news = max(news, excluded.news)",
            (rollout_id, position),
        )

    def _change(self, kind: str, position: int, guid: str, version: str | None) -> None:
        hub = (guid, version, position)
        if kind in {"portal.hub.activated", "portal.hub.version_read"} and version:
            self.database.execute(
                "UPDATE hub SET firmware_version = ?2, position = ?3 WHERE guid = ?1 AND position < ?3", hub
            )
        elif kind == "portal.hub.responsibility_gained":
            self.database.execute("INSERT OR IGNORE INTO hub VALUES (?, ?, ?)", hub)
        elif kind == "portal.hub.responsibility_lost":
            self.database.execute("DELETE FROM hub WHERE guid = ? AND position < ?", (guid, position))

    def _start(self) -> int:
        found = self.database.execute("SELECT position FROM cursor WHERE way = 'start'").fetchone()
        return int(found[0]) if found else 0

    def cursor(self, way: str) -> WayCursor:
        """Return how far a way has brought us, as the library wants it."""
        return WayCursor(self, way)

    def position(self, way: str) -> int | None:
        """Return up to where a way has brought us; at first, where the mirror begins."""
        with self.lock:
            found = dict(self.database.execute("SELECT way, position FROM cursor"))
        return found.get(way, found.get("start"))

    def positions(self) -> list[int]:
        """Return the position of every entry we have had."""
        with self.lock:
            return [row[0] for row in self.database.execute("SELECT position FROM entry ORDER BY position")]

    def versions(self) -> dict[str, str | None]:
        """Return what each hub runs."""
        with self.lock:
            return dict(self.database.execute("SELECT guid, firmware_version FROM hub ORDER BY guid"))

    def note_rollouts(self, rollout_ids: Iterable[int]) -> None:
        """Note rollouts that we have had no entry about."""
        start = self.position("start") or 0
        rows = [(rollout_id, start) for rollout_id in rollout_ids]
        with self.lock, self.database:
            self.database.executemany("INSERT OR IGNORE INTO rollout VALUES (?, ?, NULL)", rows)

    def undecided(self) -> list[tuple[int, int]]:
        """Return the rollouts with news that our rule has not decided on, with the position of the news."""
        wanted = "SELECT id, news FROM rollout WHERE decided IS NULL OR decided < news ORDER BY id"
        with self.lock:
            return list(self.database.execute(wanted))

    def decide(self, rollout_id: int, news: int, *, key: str, guids: Sequence[str]) -> None:
        """Write down what is to be sent, before it is."""
        with self.lock, self.database:
            if guids:
                decision = (key, rollout_id, json.dumps(guids))
                self.database.execute("INSERT INTO decision VALUES (?, ?, ?, NULL)", decision)
            self.database.execute("UPDATE rollout SET decided = ? WHERE id = ?", (news, rollout_id))

    def unsent(self) -> list[Decision]:
        """Return what was decided, and of which we do not know that it arrived."""
        wanted = "SELECT key, rollout_id, guids FROM decision WHERE outcome IS NULL ORDER BY rowid"
        with self.lock:
            return [
                Decision(key, rollout, json.loads(guids))
                for key, rollout, guids in self.database.execute(wanted)
            ]

    def note_outcome(self, decision: Decision, outcome: str) -> None:
        """Keep what the portal has answered: the reference of the instruction, or why it was refused."""
        with self.lock, self.database:
            self.database.execute("UPDATE decision SET outcome = ? WHERE key = ?", (outcome, decision.key))
