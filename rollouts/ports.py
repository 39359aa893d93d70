"""What the domain needs from outside, as it would like to have it. `rollouts.gateways` provides it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from rollouts.states import CommandKind


@dataclass(frozen=True, slots=True)
class ImageReference:
    """The firmware image a command speaks of, as CSPs name it."""

    manufacturer: str
    model: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CspCommand:
    """One command as a CSP is given it. The CSP honours an id once, however often it is sent."""

    command_id: int
    kind: CommandKind
    guids: tuple[int, ...]
    image: ImageReference | None = None
    execute_at: datetime | None = None


class SendOutcome(Enum):
    """What became of sending a command."""

    ACCEPTED = "accepted"
    BUSY = "busy"
    """The CSP has not taken it, and says when to come again."""
    NOT_REACHED = "not reached"
    """It never left: nobody took the connection, or nobody there knows us."""
    UNKNOWN = "unknown"
    """It may have been taken: the answer was lost, or made no sense."""
    REFUSED = "refused"
    """The CSP will never take it."""


@dataclass(frozen=True, slots=True)
class CspReply:
    """What a CSP answered, or how it did not."""

    outcome: SendOutcome
    problem: str = ""
    retry_after: float | None = None
    """Seconds of the wall clock to leave the CSP in peace."""


@dataclass(frozen=True, slots=True)
class CspRoute:
    """Where the commands for a region go."""

    base_url: str
    token: str


class HubNetwork(Protocol):
    """The way to hubs through a CSP."""

    def send(self, order: CspCommand) -> CspReply:
        """Hand over one command, within a bounded time; never raises for what the network does."""
        ...


NetworkOf = Callable[[CspRoute], HubNetwork]
