"""What a CSP's alert says, and the failure its reason stands for."""

from __future__ import annotations

from typing import Final

from django.db.models import IntegerChoices, TextChoices

from rollouts.states.reasons import FailureCode


class AlertCode(IntegerChoices):
    """The code of an alert: the number is stored, the label is what the CSP sends."""

    UNKNOWN = 0, "unknown"
    VERIFIED = 1, "0x8F72"
    VERIFICATION_FAILED = 2, "0x8F1C"
    CS06_ACCEPTED = 3, "CS06_ACCEPTED"
    CS06_RESPONSE = 4, "CS06_RESPONSE"
    ACTIVATED = 5, "0x8F66"
    ACTIVATION_FAILED = 6, "0x8F67"
    DELIVERY_FAILED = 7, "DELIVERY_FAILED"
    CANCELLED = 8, "CANCELLED"
    CANCEL_FAILED = 9, "CANCEL_FAILED"
    READ_RESULT = 10, "READ_RESULT"


class UnmatchedReason(TextChoices):
    """Why an alert changed nothing and is kept for the DCC instead (R4.11)."""

    UNKNOWN_HUB = "UNKNOWN_HUB", "The hub is not in the inventory"
    WRONG_CSP = "WRONG_CSP", "The CSP that sent it does not serve this hub"
    UNKNOWN_CODE = "UNKNOWN_CODE", "The code means nothing to the portal"
    NO_ROLLOUT = "NO_ROLLOUT", "No rollout of this hub fits it"
    OTHER_VERSION = "OTHER_VERSION", "It reports another version than the rollout's"
    UNKNOWN_VERSION = "UNKNOWN_VERSION", "The version is not on the Central Products List for its model"
    CAME_EARLY = "CAME_EARLY", "It came before its hub was in the inventory, and counts since then"


ALERT_CODE_BY_TEXT: Final[dict[str, AlertCode]] = {code.label: code for code in AlertCode}

ALERT_REASONS: Final[dict[str, FailureCode]] = {
    "SUCCESS": FailureCode.NONE,
    "NO_IMAGE_HELD": FailureCode.NO_IMAGE_HELD,
    "HASH_MISMATCH": FailureCode.HASH_MISMATCH,
    "ACTIVATION_FAILURE": FailureCode.ACTIVATION_FAILURE,
    "UNREACHABLE": FailureCode.UNREACHABLE,
    "TRANSFER_FAILED": FailureCode.TRANSFER_FAILED,
    "IMAGE_DISCARDED": FailureCode.IMAGE_DISCARDED,
    "HARDWARE_MISMATCH": FailureCode.HARDWARE_MISMATCH,
    "NO_RESPONSE": FailureCode.NO_RESPONSE,
    "TOO_LATE": FailureCode.CANCEL_FAILED,
    "REJECTED": FailureCode.CANCEL_FAILED,
}

_OF_ACTIVATION: Final = frozenset(
    {FailureCode.NO_IMAGE_HELD, FailureCode.HASH_MISMATCH, FailureCode.ACTIVATION_FAILURE}
)
FAILURES_OF_ALERT: Final[dict[AlertCode, frozenset[FailureCode]]] = {
    AlertCode.DELIVERY_FAILED: frozenset(
        {
            FailureCode.UNREACHABLE,
            FailureCode.TRANSFER_FAILED,
            FailureCode.IMAGE_DISCARDED,
            FailureCode.HARDWARE_MISMATCH,
        }
    ),
    AlertCode.CS06_RESPONSE: _OF_ACTIVATION | {FailureCode.NONE},
    AlertCode.ACTIVATION_FAILED: _OF_ACTIVATION,
    AlertCode.CANCEL_FAILED: frozenset({FailureCode.CANCEL_FAILED, FailureCode.UNREACHABLE}),
    AlertCode.READ_RESULT: frozenset(ALERT_REASONS.values()),
}
"""The failures each alert may report, as in docs/reference/csp-interface.md.

Any other reason with it counts as its default: a failed delivery that names a failure of activation must not
take the hub for one that holds a verified image.
"""

DEFAULT_REASON: Final[dict[AlertCode, FailureCode]] = {
    AlertCode.VERIFICATION_FAILED: FailureCode.VERIFICATION_FAILED,
    AlertCode.CS06_RESPONSE: FailureCode.ACTIVATION_FAILURE,
    AlertCode.ACTIVATION_FAILED: FailureCode.ACTIVATION_FAILURE,
    AlertCode.DELIVERY_FAILED: FailureCode.TRANSFER_FAILED,
    AlertCode.CANCEL_FAILED: FailureCode.CANCEL_FAILED,
}
"""What a failure without a reason, or with one that is none of its own, counts as."""


def failure_of(code: AlertCode, reason: str) -> FailureCode:
    """Name the failure an alert reports; NONE when it reports none."""
    if code == AlertCode.CS06_RESPONSE and not reason:
        return FailureCode.NONE
    given = ALERT_REASONS.get(reason.upper())
    if given is not None and given in FAILURES_OF_ALERT.get(code, ()):
        return given
    return DEFAULT_REASON.get(code, FailureCode.NONE)
