"""Which hubs may still activate after a halt, and which should not have: pure, over what left and is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollouts.states import CommandKind


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command that left for a CSP, or may have."""

    kind: CommandKind
    guids: Sequence[int]
    left_at: datetime
    execute_at: datetime | None = None

    @property
    def due_at(self) -> datetime:
        """When the CSP was to carry it out."""
        return max(self.left_at, self.execute_at or self.left_at)


@dataclass(frozen=True, slots=True)
class HaltInterval:
    """The time in which a rollout stood."""

    at: datetime
    until: datetime

    def covers(self, moment: datetime | None) -> bool:
        """Return whether something happened while it stood."""
        return moment is not None and self.at < moment < self.until


def wrongly_activated(
    activated: Mapping[int, datetime], commands: Iterable[SentCommand], *, halt: HaltInterval
) -> set[int]:
    """Return the hubs that activated while the rollout stood, and should not have.

    A hub may where its activation was due at the CSP when the halt came, or where a cancel for it had left
    before it activated: the two crossed, or the hub did not let go. Any other should have been recalled.
    """
    due: set[int] = set()
    cancelled: dict[int, datetime] = {}
    for command in commands:
        if command.kind == CommandKind.ACTIVATE and command.due_at <= halt.at:
            due.update(command.guids)
        elif command.kind == CommandKind.CANCEL:
            for guid in command.guids:
                cancelled[guid] = min(command.left_at, cancelled.get(guid, command.left_at))
    return {
        guid
        for guid, at in activated.items()
        if halt.covers(at) and guid not in due and cancelled.get(guid, halt.until) > at
    }
