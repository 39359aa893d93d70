"""Locks as they are really taken: every statement on every cursor is read for what it locks.

A unit of work is what stands between the outermost savepoint of a test that is rolled back, and its release. Session
locks (`pg_advisory_lock`) outlive units.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from django.apps import apps

from portal.kernel.locks import LockClass

_COMMENT: Final = re.compile(r"--[^\n]*")
_LOCKING: Final = re.compile(
    r"(?P<clause>\bFOR\s+(?P<mode>NO\s+KEY\s+UPDATE|UPDATE|KEY\s+SHARE|SHARE)\b(?:\s+OF\s+\"?(?P<of>\w+)\"?)?)"
    r"|\bUPDATE\s+(?:ONLY\s+)?\"?(?P<updated>\w+)\"?"
    r"|\bDELETE\s+FROM\s+\"?(?P<deleted>\w+)\"?"
    r"|\bINSERT\s+INTO\s+\"?(?P<inserted>\w+)\"?"
    r"|\b(?P<advisory>pg_\w*advisory\w+)\(",
    re.IGNORECASE,
)
_SHARED: Final = frozenset({"SHARE", "KEY SHARE"})
#: Its key is claimed by inserting: a second one waits for the first.
_CLAIMED_BY_INSERT: Final = "rollouts_hub_in_flight"


@dataclass(slots=True)
class Unit:
    """One unit of work: what it locked, in the order in which it first did."""

    use_case: str
    order: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    upgraded: set[str] = field(default_factory=set)
    """What was first shared with others and then wanted alone: two who do so wait for each other."""
    own: set[str] = field(default_factory=set)
    """Tables it has put rows into: nobody else sees those, so that to change them locks nobody out."""

    def lock(self, what: str, mode: str) -> None:
        """Write a lock down, the first time it is taken."""
        if what in self.shared and mode not in _SHARED:
            self.upgraded.add(what)
        if what in self.order or (what in self.own and mode not in _SHARED):
            return
        self.order.append(what)
        if mode in _SHARED:
            self.shared.add(what)


@dataclass(slots=True)
class Recorder:
    """The units of work that ran while it listened, and the session locks that were waited for."""

    units: list[Unit] = field(default_factory=list)
    waits: list[tuple[str, tuple[str, ...], bool]] = field(default_factory=list)
    """Each: the session lock, those held meanwhile, and whether a unit of work was open."""
    tables: frozenset[str] = field(
        default_factory=lambda: frozenset(model._meta.db_table for model in apps.get_models())
    )
    _held: list[str] = field(default_factory=list)
    _depth: int = 0

    def listen(self, query: object, params: Any) -> None:
        """Read one statement."""
        text = _COMMENT.sub("", query.decode() if isinstance(query, bytes) else str(query))
        if text.startswith("SAVEPOINT"):
            if self._depth == 0:
                self.units.append(Unit(_use_case()))
            self._depth += 1
        elif text.startswith("RELEASE SAVEPOINT"):
            self._depth = max(self._depth - 1, 0)
        for match in _LOCKING.finditer(text):
            if match["advisory"]:
                self._advisory(match["advisory"].lower(), params)
            elif self._depth:
                self._row_lock(match, text)

    def _row_lock(self, match: re.Match[str], text: str) -> None:
        unit = self.units[-1]
        if match["clause"]:
            table, mode = (
                _locked_table(text[: match.start()], match["of"]),
                " ".join(match["mode"].upper().split()),
            )
        else:
            table, mode = match["updated"] or match["deleted"] or match["inserted"], "UPDATE"
        table = re.sub(r"^(rollouts_target)_\d+$", r"\1", table)
        if table not in self.tables:
            return
        if match["inserted"] and table != _CLAIMED_BY_INSERT:
            unit.own.add(table)
        else:
            unit.lock(table, mode)

    def _advisory(self, function: str, params: Any) -> None:
        name = f"advisory {LockClass(next(iter(params))).name}"
        if "unlock" in function:
            if name in self._held:
                self._held.remove(name)
        elif "xact" in function:
            self.units[-1].lock(name, "UPDATE")
        else:
            if "try" not in function:
                self.waits.append((name, tuple(self._held), self._depth > 0))
            self._held.append(name)


@contextlib.contextmanager
def recorded() -> Iterator[Recorder]:
    """Record what the block locks, on cursors of Django's and on bare ones."""
    recorder = Recorder()
    original: Callable[..., Any] = psycopg.Cursor.execute

    def execute(cursor: Any, query: object, params: Any = None, **options: Any) -> Any:
        recorder.listen(query, params)
        return original(cursor, query, params, **options)

    psycopg.Cursor.execute = execute  # type: ignore[method-assign]
    try:
        yield recorder
    finally:
        psycopg.Cursor.execute = original  # type: ignore[method-assign]


def _locked_table(before: str, alias: str | None) -> str:
    """Name the table a locking clause means: the one its alias stands for, else the last one read at its level."""
    if alias:
        named = re.findall(rf"\b(\w+)\"?\s+(?:AS\s+)?\"?{alias}\"?(?![\w.\"])", before, re.IGNORECASE)
        tables = [name for name in named if name.upper() not in {"FROM", "JOIN", "UPDATE", "OF"}]
        return tables[-1] if tables else alias
    depth, level = 0, []
    for character in reversed(before):
        depth += (character == ")") - (character == "(")
        if depth < 0:
            break
        if depth == 0:
            level.append(character)
    read = re.findall(r"\bFROM\s+\"?(\w+)", "".join(reversed(level)), re.IGNORECASE)
    return read[-1] if read else ""


def _use_case() -> str:
    """Name the function that a unit of work was opened for: its decorator calls it."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename == contextlib.__file__ and frame.f_code.co_name == "inner":
            function = frame.f_locals["func"]
            return f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        frame = frame.f_back
    return "no use case"
