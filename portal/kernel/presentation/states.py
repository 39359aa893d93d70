"""One visual language for states: every state has an icon, a word and a colour, here and nowhere else.

Keyed by the names of the enums of `rollouts.states` (which this layer must not
import); a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


@dataclass(frozen=True, slots=True)
class StateLook:
    """How one state looks and reads."""

    #: The enum member's name, e.g. "ACTIVATED".
    name: str
    #: What people read.
    word: str
    #: A name of `icons.ICONS`.
    icon: str
    #: Which badge colours: neutral, info, busy, good, warn, bad, done.
    tone: str
    #: One sentence: what it means for the reader.
    meaning: str
    #: The stored number, for states kept as a smallint.
    code: int | None = None

    @property
    def css(self) -> str:
        """The suffix of the `state--…` class that carries the colour of bars and swatches."""
        return self.name.lower().replace("_", "-")


def _by_name(*looks: StateLook) -> dict[str, StateLook]:
    return {look.name: look for look in looks}


# fmt: off
#: In the order in which bars stack them: done first, then moving, then waiting, then what went wrong.
TARGET_STATES: Final = _by_name(
    StateLook("ACTIVATED", "Activated", "check-circle", "good",
              "The hub confirmed that it runs the new firmware.", 60),
    StateLook("ACTIVATING", "Activating", "activate", "busy",
              "The activation was sent; the hub has not answered yet.", 50),
    StateLook("DISTRIBUTED", "On the hub", "on-hub", "info",
              "The hub holds the image and has verified it.", 40),
    StateLook("DISTRIBUTING", "Distributing", "download", "info",
              "The image is on its way to the hub.", 30),
    StateLook("SCHEDULED", "Scheduled", "calendar", "info",
              "The time is fixed; distribution has not begun.", 20),
    StateLook("ELIGIBLE", "Eligible", "circle", "neutral",
              "Part of the rollout; nobody's instruction is final yet.", 10),
    StateLook("NO_CONFIRMATION", "No confirmation", "question", "warn",
              "No answer after activation, and the version could not be read.", 52),
    StateLook("CANCELLING", "Cancelling", "undo", "warn",
              "A cancellation of the future-dated activation was sent.", 55),
    StateLook("CANCELLED", "Cancelled", "ban", "warn",
              "The future-dated activation was recalled from the hub.", 56),
    StateLook("DISTRIBUTION_FAILED", "Distribution failed", "x-circle", "bad",
              "The image did not reach the hub.", 31),
    StateLook("VERIFICATION_FAILED", "Verification failed", "shield-cross", "bad",
              "The hub refused the image: its hash or signature did not match.", 41),
    StateLook("ACTIVATION_FAILED", "Activation failed", "alert", "bad",
              "The hub answered that it could not activate the image.", 51),
    StateLook("WITHDRAWN", "Withdrawn", "dash-circle", "done",
              "No longer part of the rollout.", 90),
)

CONSENT_STATES: Final = _by_name(
    StateLook("COMPLETE", "Consent complete", "user-check", "good",
              "Everyone who is asked has answered; the time is fixed.", 4),
    StateLook("AWAITING_SECOND", "Awaiting second Supplier", "user-clock", "warn",
              "One Supplier has instructed; the other has not answered yet.", 3),
    StateLook("AWAITING", "Awaiting instruction", "hourglass", "warn",
              "The Supplier has not instructed yet.", 1),
    StateLook("AWAITING_BOTH", "Awaiting both Suppliers", "users", "warn",
              "Neither of the two Suppliers has instructed yet.", 2),
    StateLook("DEFAULTED", "Default date applies", "clock-check", "info",
              "The cut-off has passed; DCC's rule fixed the time.", 5),
    StateLook("NO_SUPPLIER", "No Supplier", "user-off", "neutral",
              "No Supplier is registered; the hub activates at DCC's date.", 6),
)

ROLLOUT_STATES: Final = _by_name(
    StateLook("DRAFT", "Draft", "edit", "neutral",
              "Seen by DCC only."),
    StateLook("NOTIFIED", "Notified", "megaphone", "info",
              "Suppliers and CSPs have been told; they may instruct."),
    StateLook("PILOT", "Pilot", "flask", "busy",
              "The pilot group is being upgraded."),
    StateLook("PILOT_REVIEW", "Pilot review", "eye", "warn",
              "DCC reviews the pilot; safe launch waits for it."),
    StateLook("SAFE_LAUNCH", "Safe launch", "rocket", "busy",
              "Hubs are being upgraded at their effective times."),
    StateLook("COMPLETE", "Complete", "check-circle", "good",
              "Every hub has reached its end."),
    StateLook("SUSPENDED", "Suspended", "pause", "warn",
              "Stopped by DCC for now, pending the Panel's confirmation."),
    StateLook("PAUSED", "Paused", "pause", "warn",
              "Paused by a confirmed decision."),
    StateLook("STOPPED", "Stopped", "stop", "bad",
              "Ended by a confirmed decision; upgraded hubs keep the firmware."),
    StateLook("REVOKED", "Revoked", "revoke", "bad",
              "DCC took the notice back."),
)
# fmt: on

KINDS: Final = {"target": TARGET_STATES, "consent": CONSENT_STATES, "rollout": ROLLOUT_STATES}
_BY_CODE: Final = {
    kind: {look.code: look for look in looks.values() if look.code is not None}
    for kind, looks in KINDS.items()
}


class UnknownState(LookupError):
    """There is no look for this state."""


def look_of(state: object, *, kind: str = "target") -> StateLook:
    """Return the look of a state given as an enum member, its name or its stored number.

    Raises:
        UnknownState: the kind has no such state.
    """
    looks = KINDS[kind]
    if isinstance(state, Enum):
        look = looks.get(state.name)
    elif isinstance(state, int):
        look = _BY_CODE[kind].get(state)
    else:
        look = looks.get(str(state).upper())
    if look is None:
        raise UnknownState(f"{kind} state {state!r}")
    return look
