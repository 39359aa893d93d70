"""What a hub waits for in its rollout."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from rollouts.states import (
    ACTIVATION_SENT_STATES,
    AWAITING_CONSENTS,
    SETTLED,
    STAGE_OF_STATE,
    Answer,
    Consent,
    TargetState,
)


class NextStep(StrEnum):
    """What a hub waits for in its rollout."""

    YOUR_ANSWER = "YOUR_ANSWER"
    AN_ANSWER = "AN_ANSWER"
    SECOND_ANSWER = "SECOND_ANSWER"
    DISTRIBUTION = "DISTRIBUTION"
    VERIFICATION = "VERIFICATION"
    ACTIVATION = "ACTIVATION"
    CONFIRMATION = "CONFIRMATION"
    CANCELLATION = "CANCELLATION"
    RESUMPTION = "RESUMPTION"


def next_step(state: TargetState, *, consent: Consent, mine: Answer | None) -> NextStep | None:
    """Return what a hub waits for; None where nothing more happens to it."""
    if STAGE_OF_STATE[state] == SETTLED:
        return None
    if consent in AWAITING_CONSENTS and state not in ACTIVATION_SENT_STATES:
        if mine == Answer.NONE:
            return NextStep.YOUR_ANSWER
        return NextStep.AN_ANSWER if mine is None else NextStep.SECOND_ANSWER
    return _AFTER[state]


_AFTER: Final = {
    TargetState.ELIGIBLE: NextStep.AN_ANSWER,
    TargetState.SCHEDULED: NextStep.DISTRIBUTION,
    TargetState.DISTRIBUTING: NextStep.VERIFICATION,
    TargetState.DISTRIBUTED: NextStep.ACTIVATION,
    TargetState.ACTIVATING: NextStep.CONFIRMATION,
    TargetState.CANCELLING: NextStep.CANCELLATION,
    TargetState.CANCELLED: NextStep.RESUMPTION,
}
