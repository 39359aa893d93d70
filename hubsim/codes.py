"""The words of the CSP interface and of the inventory, and the small numbers that stand for them."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final

REGIONS: Final = (
    "",
    "North",
    "Central",
    "South",
    "4G North",
    "4G Central",
    "4G South",
    "Unknown",
    "SMETS1",
)
"""Region names by number, as the inventory numbers them; number 0 is not used."""

STATUSES: Final = (
    "",
    "Pending",
    "Whitelisted",
    "InstalledNotCommissioned",
    "Commissioned",
    "Decommissioned",
    "Withdrawn",
    "Suspended",
    "Recovery",
    "Recovered",
)
"""SMI status names by number; number 0 is not used."""

GONE: Final = (STATUSES.index("Decommissioned"), STATUSES.index("Withdrawn"))
"""Statuses of hubs that are no longer on a wall: nothing reaches them."""


class Csp(StrEnum):
    """A communications service provider, by the key its token is given under."""

    NORTH = "north"
    CENTRAL = "central"
    FOURG = "fourg"

    @property
    def label(self) -> str:
        """Name the provider for people."""
        return _CSP_LABELS[self]


_CSP_LABELS: Final = {Csp.NORTH: "CSP North", Csp.CENTRAL: "CSP Central & South", Csp.FOURG: "CSP 4G"}

CSPS: Final = tuple(Csp)
CSP_BY_REGION: Final = (1, 0, 1, 1, 2, 2, 2, 1, 1)
"""Place in `CSPS` of the provider that serves a region. Unknown and SMETS1 fall to Central & South."""


class HubCommandKind(IntEnum):
    """What the portal may ask of hubs."""

    DISTRIBUTE = 0
    ACTIVATE = 1
    CANCEL = 2
    READ = 3


class HubAlertCode(IntEnum):
    """What an alert says."""

    VERIFIED = 0
    VERIFICATION_FAILED = 1
    CS06_ACCEPTED = 2
    CS06_RESPONSE = 3
    ACTIVATION_SUCCESS = 4
    ACTIVATION_FAILED = 5
    DELIVERY_FAILED = 6
    CANCELLED = 7
    CANCEL_FAILED = 8
    READ_RESULT = 9


CODE_TEXTS: Final = (
    "0x8F72",
    "0x8F1C",
    "CS06_ACCEPTED",
    "CS06_RESPONSE",
    "0x8F66",
    "0x8F67",
    "DELIVERY_FAILED",
    "CANCELLED",
    "CANCEL_FAILED",
    "READ_RESULT",
)

DEVICE_ALERTS: Final = (
    HubAlertCode.VERIFIED,
    HubAlertCode.VERIFICATION_FAILED,
    HubAlertCode.ACTIVATION_SUCCESS,
    HubAlertCode.ACTIVATION_FAILED,
)
"""Alerts a hub raises of itself. They need not name a command."""


class AlertReason(IntEnum):
    """Why, or with which response code. The four of CS06 come in the order of their numbers, 0 to 3."""

    SUCCESS = 0
    NO_IMAGE_HELD = 1
    HASH_MISMATCH = 2
    ACTIVATION_FAILURE = 3
    UNREACHABLE = 4
    TRANSFER_FAILED = 5
    IMAGE_DISCARDED = 6
    HARDWARE_MISMATCH = 7
    NO_RESPONSE = 8
    TOO_LATE = 9
    REJECTED = 10
    NONE = 11
