"""The table of moves a target makes: from where, to where, and what causes it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from rollouts.states.words import CommandStatus, TargetState

T = TargetState
EVERY_STATE: Final = frozenset(TargetState)
TERMINAL_STATES: Final = frozenset({T.ACTIVATED, T.WITHDRAWN})
FAILED_STATES: Final = frozenset(
    {T.DISTRIBUTION_FAILED, T.VERIFICATION_FAILED, T.ACTIVATION_FAILED, T.NO_CONFIRMATION}
)
REPORTED_FAILED_STATES: Final = FAILED_STATES - {T.NO_CONFIRMATION}
LIVE_STATES: Final = EVERY_STATE - TERMINAL_STATES
IN_FLIGHT_STATES: Final = frozenset({T.DISTRIBUTING, T.DISTRIBUTED, T.ACTIVATING, T.CANCELLING})
ACTIVATION_SENT_STATES: Final = frozenset({T.ACTIVATING, T.CANCELLING})
CHANGEABLE_STATES: Final = LIVE_STATES - FAILED_STATES - ACTIVATION_SENT_STATES
WAITING_STATES: Final = CHANGEABLE_STATES - {T.DISTRIBUTING}

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
UNSETTLED_STATES: Final = frozenset(state for state, stage in STAGE_OF_STATE.items() if stage != SETTLED)


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table of target moves: from where, to where, and what causes it."""

    sources: AbstractSet[TargetState]
    target: TargetState
    cause: str


# Truth only comes from the hub, in any order: a verified image or a running version outranks whatever the
# portal believed, a withdrawal included. ACTIVATED is the end of every path. A failed state is final: with
# attempts left, a hub goes straight back to where it is tried again (ADR 0003).
TARGET_MOVES: Final = (
    Move({T.ELIGIBLE}, T.SCHEDULED, "consent becomes final"),
    Move(
        {T.SCHEDULED},
        T.ELIGIBLE,
        "consent is open again: answer withdrawn, supplier changed, window reopened",
    ),
    Move({T.SCHEDULED}, T.DISTRIBUTING, "a distribution command is claimed"),
    Move({T.DISTRIBUTING}, T.SCHEDULED, "the command is dropped unsent, or a failed delivery is tried again"),
    Move({T.DISTRIBUTING}, T.ELIGIBLE, "the same, and consent is open again"),
    Move(
        {T.ACTIVATING, T.CANCELLING, T.NO_CONFIRMATION},
        T.SCHEDULED,
        "CS06 fails, as the hub holds no usable image: it is sent again",
    ),
    Move({T.CANCELLING, T.NO_CONFIRMATION}, T.ELIGIBLE, "the same, and consent is open again"),
    Move(
        {T.ELIGIBLE, T.SCHEDULED, T.DISTRIBUTING},
        T.DISTRIBUTION_FAILED,
        "delivery fails for good, or the hub stays out of reach until the end",
    ),
    Move({T.DISTRIBUTING}, T.VERIFICATION_FAILED, "alert 0x8F1C, no attempt left"),
    Move(UNVERIFIED_STATES, T.DISTRIBUTED, "alert 0x8F72, however late"),
    Move({T.DISTRIBUTED}, T.ACTIVATING, "an activation command is claimed"),
    Move({T.ACTIVATING}, T.DISTRIBUTED, "the command is dropped unsent, or a failure is tried again"),
    Move(
        {T.NO_CONFIRMATION, T.CANCELLING},
        T.DISTRIBUTED,
        "a late failure is tried again, or the cancel is confirmed while the rollout runs",
    ),
    Move({T.CANCELLED}, T.DISTRIBUTED, "the rollout resumes: the image is still on the hub"),
    Move(
        {T.DISTRIBUTED, T.ACTIVATING, T.CANCELLING, T.NO_CONFIRMATION},
        T.ACTIVATION_FAILED,
        "CS06 failure, alert 0x8F67 or the old version is read, no attempt left; or out of reach to the end",
    ),
    Move({T.ACTIVATING, T.CANCELLING}, T.NO_CONFIRMATION, "silence after the last reading"),
    Move({T.ACTIVATING}, T.CANCELLING, "a cancel command is claimed"),
    Move({T.CANCELLING}, T.ACTIVATING, "the cancel is dropped, refused or fails: the activation stands"),
    Move({T.CANCELLING}, T.CANCELLED, "the hub confirms the cancel while the rollout stands still"),
    Move(EVERY_STATE - {T.ACTIVATED}, T.ACTIVATED, "CS06 success, alert 0x8F66, or the new version is read"),
    Move(
        EVERY_STATE - TERMINAL_STATES - FAILED_STATES | {T.NO_CONFIRMATION},
        T.WITHDRAWN,
        "hub gone or no longer eligible, notice revoked or rollout stopped",
    ),
    Move({T.WITHDRAWN}, T.ELIGIBLE, "the hub qualifies again"),
    Move({T.WITHDRAWN}, T.SCHEDULED, "the hub qualifies again, and its consent is final"),
)

ALLOWED_TARGET_MOVES: Final = frozenset((a, move.target) for move in TARGET_MOVES for a in move.sources)

ALLOWED_COMMAND_MOVES: Final = frozenset(
    {
        (CommandStatus.READY, CommandStatus.CLAIMED),
        (CommandStatus.READY, CommandStatus.DROPPED),
        (CommandStatus.CLAIMED, CommandStatus.SENT),
        (CommandStatus.CLAIMED, CommandStatus.DROPPED),
        (CommandStatus.CLAIMED, CommandStatus.REFUSED),
    }
)
"""A command is claimed once and settled once; one that may have left is never dropped."""
