"""Response codes of the Service Request variant, and the refusal of a message as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from rollouts.states import RejectionReason


class ResponseCode(StrEnum):
    """What a response says of the whole request. `EP…` are the portal's own."""

    SUCCESS = "I0"
    ACKNOWLEDGED = "I99"
    PARTLY_TAKEN = "W110101"

    UNKNOWN_USER = "E1"
    ROLE_NOT_PERMITTED = "E2"
    NOT_AUTHORISED_FOR_DEVICE = "E4"
    WRONG_COMMAND_VARIANT = "E12"
    NO_ANSWER_FROM_DEVICE = "E21"

    MALFORMED = "EP01"
    NOT_BY_SCHEMA = "EP02"
    TOO_LARGE = "EP03"
    BAD_SIGNATURE = "EP10"
    BAD_CERTIFICATE = "EP11"
    WRONG_TARGET = "EP12"
    ID_REUSED = "EP20"
    COUNTER_TOO_LOW = "EP21"
    NO_SUCH_ROLLOUT = "EP30"
    REFUSED = "EP31"


HTTP_STATUS: Final[Mapping[ResponseCode, int]] = {
    ResponseCode.ACKNOWLEDGED: 202,
    ResponseCode.MALFORMED: 400,
    ResponseCode.NOT_BY_SCHEMA: 400,
    ResponseCode.TOO_LARGE: 413,
    ResponseCode.BAD_SIGNATURE: 403,
    ResponseCode.BAD_CERTIFICATE: 403,
    ResponseCode.UNKNOWN_USER: 403,
    ResponseCode.ROLE_NOT_PERMITTED: 403,
    ResponseCode.ID_REUSED: 409,
    ResponseCode.COUNTER_TOO_LOW: 409,
}
"""Every other refusal is 422: it was understood, and is not done."""

INVALID: Final = "InvalidDeviceIDList"
NOT_COMMISSIONED: Final = "NotCommissionedDeviceIDList"
NOT_APPLICABLE: Final = "NotApplicableFirmwareDeviceIDList"
IN_PROGRESS: Final = "OtherRequestInProgressList"
LISTS: Final = (INVALID, NOT_COMMISSIONED, NOT_APPLICABLE, IN_PROGRESS)

LIST_OF_REASON: Final[Mapping[str, str]] = {
    RejectionReason.UNKNOWN_DEVICE: INVALID,
    RejectionReason.MALFORMED_ID: INVALID,
    RejectionReason.NOT_A_CHF: INVALID,
    RejectionReason.NOT_COMMISSIONED: NOT_COMMISSIONED,
    RejectionReason.LEFT_SERVICE: NOT_COMMISSIONED,
    RejectionReason.RECOVERY_IN_PROGRESS: NOT_COMMISSIONED,
    RejectionReason.SMETS1_OUT_OF_SCOPE: NOT_APPLICABLE,
    RejectionReason.MODEL_MISMATCH: NOT_APPLICABLE,
    RejectionReason.ALREADY_AT_VERSION: NOT_APPLICABLE,
    RejectionReason.ALREADY_UPDATED: NOT_APPLICABLE,
    RejectionReason.UPGRADE_PATH: NOT_APPLICABLE,
    RejectionReason.NOT_IN_ROLLOUT: NOT_APPLICABLE,
    RejectionReason.OTHER_UPDATE_IN_PROGRESS: IN_PROGRESS,
}
"""The list that carries a hub, by why it was not taken; what is not here goes under its own code."""


class MessageRefused(Exception):
    """The message is refused as a whole; `reason` is the code a page or REST would give, if any."""

    def __init__(self, code: ResponseCode, text: str, *, reason: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.reason = code, text, reason
