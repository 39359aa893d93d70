"""Every status, kind and answer of the domain: what is stored, and the label people read."""

from __future__ import annotations

from typing import Final

from django.db.models import IntegerChoices, TextChoices


class Region(IntegerChoices):
    """Where a hub's wide area network is: the label is the name used in DCC messages."""

    NORTH = 1, "North"
    CENTRAL = 2, "Central"
    SOUTH = 3, "South"
    NORTH_4G = 4, "4G North"
    CENTRAL_4G = 5, "4G Central"
    SOUTH_4G = 6, "4G South"
    UNKNOWN = 7, "Unknown"
    SMETS1 = 8, "SMETS1"


class SmiStatus(IntegerChoices):
    """A device's status in the Smart Metering Inventory."""

    PENDING = 1, "Pending"
    WHITELISTED = 2, "Whitelisted"
    INSTALLED_NOT_COMMISSIONED = 3, "Installed, not commissioned"
    COMMISSIONED = 4, "Commissioned"
    DECOMMISSIONED = 5, "Decommissioned"
    WITHDRAWN = 6, "Withdrawn"
    SUSPENDED = 7, "Suspended"
    RECOVERY = 8, "Recovery"
    RECOVERED = 9, "Recovered"

    @property
    def message_name(self) -> str:
        """Spell the status as DCC messages do, such as InstalledNotCommissioned."""
        return self.name.title().replace("_", "")


ELIGIBLE_SMI_STATUSES: Final = frozenset({SmiStatus.COMMISSIONED, SmiStatus.SUSPENDED})
RECOVERING_SMI_STATUSES: Final = frozenset({SmiStatus.RECOVERY, SmiStatus.RECOVERED})
GONE_SMI_STATUSES: Final = frozenset({SmiStatus.DECOMMISSIONED, SmiStatus.WITHDRAWN})


class HistoryKind(IntegerChoices):
    """What changed about a hub, or was learned of it."""

    VERSION = 1, "Firmware version"
    STATUS = 2, "SMI status"
    IMPORT_SUPPLIER = 3, "Import Supplier"
    GAS_SUPPLIER = 4, "Gas Supplier"
    READ = 6, "Firmware version read"
    GPF_VERSION = 7, "Firmware version of the paired GPF"
    EXCHANGED = 8, "Exchanged"


class SupplierRole(IntegerChoices):
    """What a Supplier is to a hub, as two bits; so are those of the two Suppliers that have answered."""

    IMPORT = 1, "Import Supplier"
    GAS = 2, "Gas Supplier"
    BOTH = 3, "Import and Gas Supplier"


class CplStatus(TextChoices):
    """Where an entry of the Central Products List stands."""

    ACTIVE = "ACTIVE", "Active"
    CANCELLED = "CANCELLED", "Cancelled"
    EXPIRED = "EXPIRED", "Expired"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


class ReleaseKind(TextChoices):
    """The kind of release a rollout carries."""

    SEC_RELEASE = "SEC_RELEASE", "SEC Release"
    PLANNED = "PLANNED", "Planned Maintenance Release"
    UNPLANNED = "UNPLANNED", "Unplanned Maintenance Release"


class Severity(TextChoices):
    """How bad what the release mends is."""

    CRITICAL = "CRITICAL", "Critical"
    MAJOR = "MAJOR", "Major"
    MINOR = "MINOR", "Minor"


class Priority(TextChoices):
    """How soon the release is wanted on hubs."""

    P1 = "P1", "P1 (highest)"
    P2 = "P2", "P2"
    P3 = "P3", "P3"
    P4 = "P4", "P4 (lowest)"


class ConsentPolicy(TextChoices):
    """What the silence of a second Supplier means."""

    VOLUNTARY = "VOLUNTARY", "Voluntary: one Supplier's time stands after the cut-off"
    MANDATORY = "MANDATORY", "Mandatory: both must instruct, or DCC's time is used"


class BatchKind(TextChoices):
    """Which group of a rollout a batch belongs to."""

    PILOT = "PILOT", "Pilot group"
    SAFE_LAUNCH = "SAFE_LAUNCH", "Safe launch group"


class Channel(TextChoices):
    """The way an instruction came in."""

    PORTAL = "PORTAL", "Portal"
    REST = "REST", "REST"
    XML = "XML", "Service Request"
    RULE = "RULE", "Approval rule"
    PILOT = "PILOT", "Pilot submission"


class InstructionKind(TextChoices):
    """What a Supplier says about its hubs."""

    INSTRUCT = "INSTRUCT", "Instruct"
    AGREE = "AGREE", "Agree to the second Supplier's time"
    DECLINE = "DECLINE", "Decline to choose"
    WITHDRAW = "WITHDRAW", "Withdraw"


class Answer(IntegerChoices):
    """What one Supplier has said about one hub; INSTRUCTED without a time states no preference."""

    NONE = 0, "No answer"
    INSTRUCTED = 1, "Instructed"
    AGREED = 2, "Agreed"
    DECLINED = 3, "Declined to choose"


class Consent(IntegerChoices):
    """Whether a hub's activation time is settled, and what is still waited for; final from COMPLETE on."""

    AWAITING = 1, "Awaiting the Supplier"
    AWAITING_BOTH = 2, "Awaiting both Suppliers"
    AWAITING_SECOND = 3, "Awaiting the second Supplier"
    COMPLETE = 4, "Complete"
    DEFAULTED = 5, "Defaulted at the cut-off"
    NO_SUPPLIER = 6, "No registered Supplier"


FINAL_CONSENTS: Final = frozenset({Consent.COMPLETE, Consent.DEFAULTED, Consent.NO_SUPPLIER})
AWAITING_CONSENTS: Final = frozenset({Consent.AWAITING, Consent.AWAITING_BOTH, Consent.AWAITING_SECOND})


class CommandKind(IntegerChoices):
    """What a command asks of the hubs it names."""

    DISTRIBUTE = 1, "Distribute"
    ACTIVATE = 2, "Activate"
    CANCEL = 3, "Cancel activation"
    READ = 4, "Read firmware version"


class CommandStatus(IntegerChoices):
    """How far a command has come on its way to the CSP."""

    READY = 1, "Ready"
    CLAIMED = 2, "Claimed"
    SENT = 3, "Accepted by the CSP"
    DROPPED = 4, "Dropped before it was sent"
    REFUSED = 5, "Refused by the CSP"


class ReviewOutcome(TextChoices):
    """What is decided on a rollout: the four outcomes of a review (R5.3), or an earlier date (R1.2)."""

    PROCEED = "PROCEED", "Proceed as planned"
    PAUSE = "PAUSE", "Pause"
    DELAY = "DELAY", "Delay the end date"
    STOP = "STOP", "Stop completely"
    BRING_FORWARD = "BRING_FORWARD", "Bring the date forward"


MOVING_OUTCOMES: Final = frozenset({ReviewOutcome.DELAY, ReviewOutcome.BRING_FORWARD})
"""Decisions with a new automatic time."""


class RolloutStatus(TextChoices):
    """Where a rollout stands."""

    DRAFT = "DRAFT", "Draft"
    NOTIFIED = "NOTIFIED", "Notified"
    PILOT = "PILOT", "Pilot running"
    PILOT_REVIEW = "PILOT_REVIEW", "Pilot under review"
    SAFE_LAUNCH = "SAFE_LAUNCH", "Safe launch"
    COMPLETE = "COMPLETE", "Complete"
    SUSPENDED = "SUSPENDED", "Suspended by DCC, to be confirmed"
    PAUSED = "PAUSED", "Paused"
    STOPPED = "STOPPED", "Stopped"
    REVOKED = "REVOKED", "Revoked"


class TargetState(IntegerChoices):
    """How far one hub has come in one rollout."""

    ELIGIBLE = 10, "Eligible"
    SCHEDULED = 20, "Scheduled"
    DISTRIBUTING = 30, "Image on its way"
    DISTRIBUTION_FAILED = 31, "Distribution failed"
    DISTRIBUTED = 40, "Image on the hub, verified"
    VERIFICATION_FAILED = 41, "Verification failed"
    ACTIVATING = 50, "Activation sent"
    ACTIVATION_FAILED = 51, "Activation failed"
    NO_CONFIRMATION = 52, "No confirmation"
    CANCELLING = 55, "Cancelling the activation"
    CANCELLED = 56, "Activation cancelled"
    ACTIVATED = 60, "Activated"
    WITHDRAWN = 90, "Withdrawn"
