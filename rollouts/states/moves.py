"""The table of moves a target makes: from where, to where, and what causes it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from rollouts.states.words import TargetState

T = TargetState
EVERY_STATE: Final = frozenset(TargetState)
TERMINAL_STATES: Final = frozenset({T.ACTIVATED, T.WITHDRAWN})
FAILED_STATES: Final = frozenset(
    {T.DISTRIBUTION_FAILED, T.VERIFICATION_FAILED, T.ACTIVATION_FAILED, T.NO_CONFIRMATION}
)
LIVE_STATES: Final = EVERY_STATE - TERMINAL_STATES
IN_FLIGHT_STATES: Final = frozenset({T.DISTRIBUTING, T.DISTRIBUTED, T.ACTIVATING, T.CANCELLING})
CHANGEABLE_STATES: Final = LIVE_STATES - FAILED_STATES - {T.ACTIVATING, T.CANCELLING}

UNVERIFIED_STATES: Final = frozenset(
    {T.ELIGIBLE, T.SCHEDULED, T.DISTRIBUTING, T.DISTRIBUTION_FAILED, T.VERIFICATION_FAILED}
)

IMAGE_NOT_ON_HUB, IMAGE_ON_HUB, SETTLED = 0, 1, 2
STAGE_OF_STATE: Final[dict[TargetState, int]] = {
    T.ELIGIBLE: IMAGE_NOT_ON_HUB,
    T.SCHEDULED: IMAGE_NOT_ON_HUB,
    T.DISTRIBUTING: IMAGE_NOT_ON_HUB,
    T.DISTRIBUTION_FAILED: SETTLED,
    T.VERIFICATION_FAILED: SETTLED,
    T.DISTRIBUTED: IMAGE_ON_HUB,
    T.ACTIVATING: IMAGE_ON_HUB,
    T.ACTIVATION_FAILED: SETTLED,
    T.CANCELLING: IMAGE_ON_HUB,
    T.CANCELLED: IMAGE_ON_HUB,
    T.NO_CONFIRMATION: SETTLED,
    T.ACTIVATED: SETTLED,
    T.WITHDRAWN: SETTLED,
}


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table of target moves: from where, to where, and what causes it."""

    sources: AbstractSet[TargetState]
    target: TargetState
    cause: str


# Truth only comes from the hub, in any order: a verified image or a running version outranks whatever the
# portal believed, a withdrawal included. ACTIVATED is the end of every path.
TARGET_MOVES: Final = (
    Move({T.ELIGIBLE}, T.SCHEDULED, "consent becomes final"),
    Move({T.SCHEDULED}, T.ELIGIBLE, "consent is open again: answer withdrawn, or the supplier changed"),
    Move({T.SCHEDULED}, T.DISTRIBUTING, "a distribution command is claimed"),
    Move({T.DISTRIBUTING}, T.SCHEDULED, "the command is dropped unsent, or a failure is tried again"),
    Move({T.DISTRIBUTED, T.ACTIVATING}, T.SCHEDULED, "the hub turns out to hold no usable image"),
    Move({T.DISTRIBUTING}, T.ELIGIBLE, "a drop finds that consent is open again"),
    Move({T.SCHEDULED, T.DISTRIBUTING}, T.DISTRIBUTION_FAILED, "delivery reported as failed"),
    Move({T.SCHEDULED, T.DISTRIBUTING, T.DISTRIBUTED}, T.VERIFICATION_FAILED, "alert 0x8F1C"),
    Move(
        UNVERIFIED_STATES,
        T.DISTRIBUTED,
        "alert 0x8F72",
    ),
    Move(
        {T.DISTRIBUTION_FAILED, T.VERIFICATION_FAILED, T.ACTIVATION_FAILED},
        T.SCHEDULED,
        "the image is sent again",
    ),
    Move({T.DISTRIBUTED}, T.ACTIVATING, "an activation command is claimed"),
    Move({T.ACTIVATING}, T.DISTRIBUTED, "the command is dropped unsent, or a failure is tried again"),
    Move({T.ACTIVATION_FAILED, T.CANCELLED}, T.DISTRIBUTED, "activation tried again, or the rollout resumes"),
    Move(
        {T.DISTRIBUTED, T.ACTIVATING, T.CANCELLING, T.CANCELLED, T.NO_CONFIRMATION},
        T.ACTIVATION_FAILED,
        "CS06 failure, alert 0x8F67, or the old version is read",
    ),
    Move({T.ACTIVATING, T.CANCELLING}, T.NO_CONFIRMATION, "silence after the last reading"),
    Move({T.ACTIVATING}, T.CANCELLING, "a cancel command is claimed"),
    Move({T.CANCELLING}, T.ACTIVATING, "the cancel is dropped unsent"),
    Move({T.CANCELLING}, T.CANCELLED, "the hub confirms the cancel"),
    Move({T.CANCELLED}, T.SCHEDULED, "the rollout resumes"),
    Move(EVERY_STATE - {T.ACTIVATED}, T.ACTIVATED, "CS06 success, alert 0x8F66, or the new version is read"),
    Move(EVERY_STATE - TERMINAL_STATES, T.WITHDRAWN, "hub gone, CPL entry removed, revoked or stopped"),
    Move({T.WITHDRAWN}, T.ELIGIBLE, "the hub qualifies again"),
    Move({T.WITHDRAWN}, T.SCHEDULED, "the hub qualifies again, and its consent is final"),
)

ALLOWED_TARGET_MOVES: Final = frozenset((a, move.target) for move in TARGET_MOVES for a in move.sources)


def target_may_move(source: TargetState, target: TargetState) -> bool:
    """Tell whether the table has this move. Staying where one is, is no move."""
    return (source, target) in ALLOWED_TARGET_MOVES


def allowed_target_moves_sql(old: str = "old.state", new: str = "new.state") -> str:
    """Write the table as one SQL condition for a database guard; ask it only where the state differs."""
    pairs = ", ".join(f"({a:d}, {b:d})" for a, b in sorted(ALLOWED_TARGET_MOVES))
    return f"({old}, {new}) IN ({pairs})"
