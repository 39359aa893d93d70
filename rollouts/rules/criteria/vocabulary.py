"""The codes a condition may name, and the operators it may use.

Stored numbers and names are those of `rollouts.states`; a test holds the two equal, since
criteria stand in the lowest layer and import no sibling.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final, NamedTuple


class Choice(NamedTuple):
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
        """Say what the operator wants beside it."""
        return _SHAPES.get(self, Shape.ONE)

    @property
    def label(self) -> str:
        """Say the operator in the words of a form."""
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
    Choice("NORTH", "North", 1),
    Choice("CENTRAL", "Central", 2),
    Choice("SOUTH", "South", 3),
    Choice("NORTH_4G", "4G North", 4),
    Choice("CENTRAL_4G", "4G Central", 5),
    Choice("SOUTH_4G", "4G South", 6),
    Choice("UNKNOWN", "Unknown", 7),
    Choice("SMETS1", "SMETS1", 8),
)

SMI_STATUSES: Final = (
    Choice("PENDING", "Pending", 1),
    Choice("WHITELISTED", "Whitelisted", 2),
    Choice("INSTALLED_NOT_COMMISSIONED", "Installed, not commissioned", 3),
    Choice("COMMISSIONED", "Commissioned", 4),
    Choice("DECOMMISSIONED", "Decommissioned", 5),
    Choice("WITHDRAWN", "Withdrawn", 6),
    Choice("SUSPENDED", "Suspended", 7),
    Choice("RECOVERY", "Recovery", 8),
    Choice("RECOVERED", "Recovered", 9),
)

BANDS: Final = (Choice("SINGLE", "Single Band"), Choice("DUAL", "Dual Band"))

SUPPLIES: Final = (
    Choice("SOLE", "One Supplier in every role", 1),
    Choice("SPLIT", "Two Suppliers", 2),
)

ROLES: Final = (
    Choice("IMPORT", "Import only", 1),
    Choice("GAS", "Gas only", 2),
    Choice("BOTH", "Import and gas", 3),
)

SEVERITIES: Final = (Choice("CRITICAL", "Critical"), Choice("MAJOR", "Major"), Choice("MINOR", "Minor"))

PRIORITIES: Final = (
    Choice("P1", "P1 (highest)"),
    Choice("P2", "P2"),
    Choice("P3", "P3"),
    Choice("P4", "P4 (lowest)"),
)

RELEASE_KINDS: Final = (
    Choice("SEC_RELEASE", "SEC Release"),
    Choice("PLANNED", "Planned Maintenance Release"),
    Choice("UNPLANNED", "Unplanned Maintenance Release"),
)

CONSENT_POLICIES: Final = (
    Choice("VOLUNTARY", "Voluntary: one Supplier's time stands after the cut-off"),
    Choice("MANDATORY", "Mandatory: both must instruct, or DCC's time is used"),
)
