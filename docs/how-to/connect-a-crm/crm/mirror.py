"""Our copy of the estate, in SQLite.

An entry and what it changes are kept in one transaction, so a crash at any moment costs a repetition, and a
repetition changes nothing.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
TABLES = """
CREATE TABLE IF NOT EXISTS hub (guid TEXT PRIMARY KEY, firmware_version TEXT, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (position INTEGER PRIMARY KEY, type TEXT NOT NULL, rollout_id INTEGER);
CREATE TABLE IF NOT EXISTS cursor (way TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS asked (rollout_id INTEGER PRIMARY KEY, hubs INTEGER);
"""


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

    def begin(self, hubs: Iterable[dict[str, Any]], *, position: int) -> int:
        """Take the whole estate as it stood at a position, or later; return how many hubs it has."""
        rows = ((hub["guid"], hub["firmware_version"], position) for hub in hubs)
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
                if event["id"].isdigit():  # a test event has no position
                    position = max(position or 0, int(event["id"]))
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
        position, data = int(event["id"]), event["data"]
        known = self.database.execute(
            "INSERT OR IGNORE INTO entry VALUES (?, ?, ?)",
            (position, event["type"], (data["rollout"] or {}).get("id")),
        )
        if not known.rowcount:
            return False
        if data["guid"] and position > self._start():  # what was before is in the estate as we read it
            self._change(event["type"], position, data)
        return True

    def _change(self, kind: str, position: int, data: dict[str, Any]) -> None:
        hub = (data["guid"], data["firmware_version"], position)
        if kind in {"portal.hub.activated", "portal.hub.version_read"} and data["firmware_version"]:
            self.database.execute(
                "UPDATE hub SET firmware_version = ?2, position = ?3 WHERE guid = ?1 AND position < ?3", hub
            )
        elif kind == "portal.hub.responsibility_gained":
            self.database.execute("INSERT OR IGNORE INTO hub VALUES (?, ?, ?)", hub)
        elif kind == "portal.hub.responsibility_lost":
            self.database.execute("DELETE FROM hub WHERE guid = ?1 AND position < ?3", hub)

    def _start(self) -> int:
        found = self.database.execute("SELECT position FROM cursor WHERE way = 'start'").fetchone()
        return int(found[0]) if found else 0

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

    def unanswered(self, kinds: Iterable[str]) -> list[int]:
        """Return the rollouts that entries of these kinds told us of, and our rule has not answered for."""
        wanted = list(kinds)
        marks = ", ".join("?" * len(wanted))
        found = f"SELECT DISTINCT rollout_id FROM entry WHERE type IN ({marks}) AND rollout_id IS NOT NULL"  # noqa: S608
        with self.lock:
            asked = {row[0] for row in self.database.execute("SELECT rollout_id FROM asked")}
            heard = {row[0] for row in self.database.execute(found, wanted)}
        return sorted(heard - asked)

    def has_asked(self, rollout_id: int, hubs: int) -> None:
        """Remember that our rule has answered for a rollout."""
        with self.lock, self.database:
            self.database.execute("INSERT OR IGNORE INTO asked VALUES (?, ?)", (rollout_id, hubs))
