"""Why a hub's upgrade failed and what is tried next; why a line of an instruction was not taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import IntegerChoices, TextChoices

from rollouts.states.words import TargetState


class FailureCode(IntegerChoices):
    """Why a target stands in a failed or withdrawn state, as stored beside the state."""

    NONE = 0, "None"

    UNREACHABLE = 10, "Hub cannot be reached over the wide area network"
    TRANSFER_FAILED = 11, "Image transfer did not complete"
    IMAGE_DISCARDED = 12, "Hub discarded the image"
    HARDWARE_MISMATCH = 13, "Image does not suit the hub's hardware version"
    DELIVERY_SILENCE = 14, "No report on the delivery of the image"
    UNREACHABLE_UNTIL_END = 19, "Hub could not be reached until the end of the rollout"

    VERIFICATION_FAILED = 20, "Hub could not verify the image"

    NO_IMAGE_HELD = 30, "Hub holds no image to activate"
    HASH_MISMATCH = 31, "Image on the hub has another hash"
    ACTIVATION_FAILURE = 32, "Hub failed to activate the image"
    ACTIVATION_UNREACHABLE = 33, "Activation could not be delivered to the hub"

    NO_RESPONSE = 40, "No confirmation, and no answer to a reading"
    READ_OLD_VERSION = 41, "Hub read back the old version"
    CANCEL_FAILED = 45, "Activation could not be cancelled on the hub"

    DECOMMISSIONED = 60, "Hub is out of service"
    EXCHANGED = 61, "Hub was exchanged"
    REVOKED = 63, "Notice was revoked"
    STOPPED = 64, "Rollout was stopped"
    NO_LONGER_ELIGIBLE = 65, "Hub no longer qualifies for this rollout"


def failure_code(stored: int | None) -> FailureCode:
    """Read a code as it is stored; one that is no failure's, or of a later version, says nothing."""
    return FailureCode(stored) if stored in FailureCode.values else FailureCode.NONE


UNLIMITED_ATTEMPTS: Final = 32767


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a stage is tried in all when it ends in a code, how long is waited, and where it resumes."""

    attempts: int = 1
    wait: timedelta = timedelta(0)
    back_to: TargetState | None = None


FINAL: Final = RetryPolicy()
_AGAIN, _ON_HUB = TargetState.SCHEDULED, TargetState.DISTRIBUTED
RETRY_POLICIES: Final[dict[FailureCode, RetryPolicy]] = {
    # A hub out of reach is tried until the date set for the rollout, then coded UNREACHABLE_UNTIL_END.
    FailureCode.UNREACHABLE: RetryPolicy(UNLIMITED_ATTEMPTS, timedelta(hours=12), _AGAIN),
    FailureCode.TRANSFER_FAILED: RetryPolicy(5, timedelta(hours=4), _AGAIN),
    FailureCode.IMAGE_DISCARDED: RetryPolicy(3, timedelta(days=1), _AGAIN),
    FailureCode.DELIVERY_SILENCE: RetryPolicy(5, timedelta(hours=12), _AGAIN),
    FailureCode.VERIFICATION_FAILED: RetryPolicy(2, timedelta(days=1), _AGAIN),
    FailureCode.NO_IMAGE_HELD: RetryPolicy(3, timedelta(hours=4), _AGAIN),
    FailureCode.HASH_MISMATCH: RetryPolicy(2, timedelta(days=1), _AGAIN),
    FailureCode.ACTIVATION_FAILURE: RetryPolicy(3, timedelta(days=1), _ON_HUB),
    FailureCode.ACTIVATION_UNREACHABLE: RetryPolicy(UNLIMITED_ATTEMPTS, timedelta(hours=12), _ON_HUB),
    FailureCode.READ_OLD_VERSION: RetryPolicy(2, timedelta(days=1), _ON_HUB),
}

STATE_OF_FAILURE: Final[dict[FailureCode, TargetState]] = {
    code: state
    for state, codes in {
        TargetState.DISTRIBUTION_FAILED: (10, 11, 12, 13, 14, 19),
        TargetState.VERIFICATION_FAILED: (20,),
        TargetState.ACTIVATION_FAILED: (30, 31, 32, 33, 41),
        TargetState.NO_CONFIRMATION: (40,),
        TargetState.CANCELLING: (45,),
        TargetState.WITHDRAWN: (60, 61, 63, 64, 65),
    }.items()
    for code in map(FailureCode, codes)
}


def retry_policy(code: FailureCode) -> RetryPolicy:
    """Return what is tried after this failure; a code without a policy is final."""
    return RETRY_POLICIES.get(code, FINAL)


def retry_values_sql() -> str:
    """Write the policies as rows (code, attempts, wait, back_to) of a VALUES list, to join failures with."""
    rows = (
        f"({code:d}, {p.attempts:d}, interval '{int(p.wait.total_seconds())} seconds', {p.back_to:d})"
        for code, p in RETRY_POLICIES.items()
    )
    return f"VALUES {', '.join(rows)}"


class RejectionReason(TextChoices):
    """Why one line of a list was not taken: the code is stable, the words say what to do.

    A hub nobody knows and a hub of another Supplier carry the same code and the same words, so that
    nobody can probe the estate of another (R4.2).
    """

    UNKNOWN_DEVICE = "UNKNOWN_DEVICE", "Not a hub of yours in the inventory. Check the GUID."
    MALFORMED_ID = "MALFORMED_ID", "Not a GUID. Use the form 00-DB-12-34-56-78-9A-BC."
    DUPLICATE_IN_LIST = "DUPLICATE_IN_LIST", "Already earlier in this list; the first one counts."
    NOT_A_CHF = (
        "NOT_A_CHF",
        "This is the Gas Proxy Function of one of your hubs. Use the Communications Hub's own GUID.",
    )
    NOT_COMMISSIONED = "NOT_COMMISSIONED", "The hub is not commissioned. Try again when it is."
    LEFT_SERVICE = "LEFT_SERVICE", "The hub is out of service: it was decommissioned or withdrawn."
    RECOVERY_IN_PROGRESS = "RECOVERY_IN_PROGRESS", "The hub's keys are being recovered. Try again later."
    SMETS1_OUT_OF_SCOPE = "SMETS1_OUT_OF_SCOPE", "SMETS1 hubs are updated by another process."
    MODEL_MISMATCH = "MODEL_MISMATCH", "The firmware is not for this hub's model."
    ALREADY_AT_VERSION = "ALREADY_AT_VERSION", "The hub already runs this version. Nothing to do."
    UPGRADE_PATH = "UPGRADE_PATH", "The hub must have another version first. See the upgrade path."
    OTHER_UPDATE_IN_PROGRESS = "OTHER_UPDATE_IN_PROGRESS", "Another rollout of this hub is under way."
    NOT_IN_ROLLOUT = "NOT_IN_ROLLOUT", "The hub is not among those of this rollout, or has left it."
    IN_PILOT_GROUP = "IN_PILOT_GROUP", "The hub is in the pilot group. Instruct it there."
    NOT_IN_PILOT_GROUP = "NOT_IN_PILOT_GROUP", "The hub is not in the pilot group."
    NOT_IN_BATCH = "NOT_IN_BATCH", "The hub is not in the batch that was named."
    OVER_PILOT_CAP = "OVER_PILOT_CAP", "The pilot group is full. Choose fewer hubs."
    AFTER_CUTOFF = "AFTER_CUTOFF", "Received after the cut-off. The hub keeps the time it has."
    TIME_NOT_EARLIER = "TIME_NOT_EARLIER", "The time must be earlier than the automatic activation time."
    NOTHING_TO_CHANGE = "NOTHING_TO_CHANGE", "There is no instruction of yours for this hub."
    NOTHING_TO_AGREE_WITH = (
        "NOTHING_TO_AGREE_WITH",
        "No second Supplier has instructed this hub. Instruct a time of your own.",
    )
    AGREED_TIME_CHANGED = (
        "AGREED_TIME_CHANGED",
        "The second Supplier has changed its time. Look at it before you agree.",
    )
    ALREADY_SENT = "ALREADY_SENT", "The activation has been sent to the hub and can no longer be changed."
    ALREADY_UPDATED = "ALREADY_UPDATED", "The hub already has this rollout's firmware."
    UPDATE_FAILED = (
        "UPDATE_FAILED",
        "This hub's upgrade has failed. It is not tried again.",
    )
    CPL_NOT_ACTIVE = "CPL_NOT_ACTIVE", "The firmware is not active on the Central Products List."
    ROLLOUT_PAUSED = "ROLLOUT_PAUSED", "The rollout is suspended or paused. Try again when it resumes."
    ROLLOUT_STOPPED = "ROLLOUT_STOPPED", "The rollout was stopped."
    ROLLOUT_REVOKED = "ROLLOUT_REVOKED", "The notice of this rollout was revoked."
