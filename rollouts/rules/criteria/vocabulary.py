"""The codes a condition may name, and the operators it may use.

Stored numbers and names are those of `rollouts.states`; a test holds the two equal, since
criteria stand in the lowest layer and import no sibling.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final, NamedTuple


class CodedChoice(NamedTuple):
    """One value of a closed list: its code in a document, its words, and its number in the database."""

    code: str
    label: str
    stored: int = 0


class Shape(Enum):
    """What stands beside an operator."""

    ONE = "one value"
    MANY = "a list of values"
    RANGE = "a pair of values, the smaller first"
    DAYS = "a number of days"
    NOTHING = "no value"


class Op(StrEnum):
    """A comparison. With a missing value each is false, but for IS_MISSING; its `not` is then true."""

    EQUAL = "="
    NOT_EQUAL = "!="
    IN = "in"
    NOT_IN = "not_in"
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    BETWEEN = "between"
    BEFORE = "before"
    AFTER = "after"
    OLDER_THAN_DAYS = "older_than_days"
    NEWER_THAN_DAYS = "newer_than_days"
    IS_KNOWN = "is_known"
    IS_MISSING = "is_missing"

    @property
    def shape(self) -> Shape:
        """Return what the operator wants beside it."""
        return _SHAPES.get(self, Shape.ONE)

    @property
    def label(self) -> str:
        """Return the operator in the words of a form."""
        return _LABELS[self]


_SHAPES: Final = {
    Op.IN: Shape.MANY,
    Op.NOT_IN: Shape.MANY,
    Op.BETWEEN: Shape.RANGE,
    Op.OLDER_THAN_DAYS: Shape.DAYS,
    Op.NEWER_THAN_DAYS: Shape.DAYS,
    Op.IS_KNOWN: Shape.NOTHING,
    Op.IS_MISSING: Shape.NOTHING,
}

_LABELS: Final = {
    Op.EQUAL: "is",
    Op.NOT_EQUAL: "is not",
    Op.IN: "is one of",
    Op.NOT_IN: "is none of",
    Op.LESS: "is less than",
    Op.AT_MOST: "is at most",
    Op.GREATER: "is more than",
    Op.AT_LEAST: "is at least",
    Op.BETWEEN: "is between",
    Op.BEFORE: "is before",
    Op.AFTER: "is after",
    Op.OLDER_THAN_DAYS: "is more than this many days ago",
    Op.NEWER_THAN_DAYS: "is at most this many days ago",
    Op.IS_KNOWN: "is known",
    Op.IS_MISSING: "is not known",
}

REGIONS: Final = (
    CodedChoice("NORTH", "North", 1),
    CodedChoice("CENTRAL", "Central", 2),
    CodedChoice("SOUTH", "South", 3),
    CodedChoice("NORTH_4G", "4G North", 4),
    CodedChoice("CENTRAL_4G", "4G Central", 5),
    CodedChoice("SOUTH_4G", "4G South", 6),
    CodedChoice("UNKNOWN", "Unknown", 7),
    CodedChoice("SMETS1", "SMETS1", 8),
)

SMI_STATUSES: Final = (
    CodedChoice("PENDING", "Pending", 1),
    CodedChoice("WHITELISTED", "Whitelisted", 2),
    CodedChoice("INSTALLED_NOT_COMMISSIONED", "Installed, not commissioned", 3),
    CodedChoice("COMMISSIONED", "Commissioned", 4),
    CodedChoice("DECOMMISSIONED", "Decommissioned", 5),
    CodedChoice("WITHDRAWN", "Withdrawn", 6),
    CodedChoice("SUSPENDED", "Suspended", 7),
    CodedChoice("RECOVERY", "Recovery", 8),
    CodedChoice("RECOVERED", "Recovered", 9),
)

BANDS: Final = (CodedChoice("SINGLE", "Single Band"), CodedChoice("DUAL", "Dual Band"))

SUPPLIES: Final = (
    CodedChoice("SOLE", "One Supplier in every role", 1),
    CodedChoice("SPLIT", "Two Suppliers", 2),
)

ROLES: Final = (
    CodedChoice("IMPORT", "Import only", 1),
    CodedChoice("GAS", "Gas only", 2),
    CodedChoice("BOTH", "Import and gas", 3),
)

SEVERITIES: Final = (
    CodedChoice("CRITICAL", "Critical"),
    CodedChoice("MAJOR", "Major"),
    CodedChoice("MINOR", "Minor"),
)

PRIORITIES: Final = (
    CodedChoice("P1", "P1 (highest)"),
    CodedChoice("P2", "P2"),
    CodedChoice("P3", "P3"),
    CodedChoice("P4", "P4 (lowest)"),
)

RELEASE_KINDS: Final = (
    CodedChoice("SEC_RELEASE", "SEC Release"),
    CodedChoice("PLANNED", "Planned Maintenance Release"),
    CodedChoice("UNPLANNED", "Unplanned Maintenance Release"),
)

CONSENT_POLICIES: Final = (
    CodedChoice("VOLUNTARY", "Voluntary: one Supplier's time stands after the cut-off"),
    CodedChoice("MANDATORY", "Mandatory: both must instruct, or DCC's time is used"),
)
