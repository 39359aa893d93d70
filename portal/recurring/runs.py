"""Longer periods and heartbeats, by the database's clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from portal.kernel import sql
from portal.recurring.periods import Period

#: After so many seconds what was rung for and not done is rung for again.
_RUNG_AGAIN_AFTER: Final = 900.0
_APP: Final = "portal.recurring"


def claim_due(periods: Mapping[str, Period]) -> list[str]:
    """Return the names of what is due and was not claimed by anybody else; it is yours to ring for."""
    names = list(periods)
    sql.execute(_APP, "see_work", names=names)
    rows = sql.fetch_all(
        _APP,
        "claim_due_runs",
        names=names,
        periods=[periods[name].seconds for name in names],
        phases=[periods[name].phase for name in names],
        again=_RUNG_AGAIN_AFTER,
    )
    return [row.name for row in rows]


def mark_done(name: str) -> None:
    """Record that this work has just been done."""
    sql.execute(_APP, "mark_done", work=name)


def silences(names: Iterable[str]) -> dict[str, float]:
    """Return for how many seconds each kind of work has not been done; what was never done is left out."""
    return {row.name: row.seconds for row in sql.fetch_all(_APP, "silences", names=list(names))}


def heartbeat_of(queue: str) -> str:
    """Return under which name a queue's heartbeat is kept."""
    return f"heartbeat of {queue}"
