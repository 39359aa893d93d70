"""What a condition may ask about: the white list of hub and release fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rollouts.rules.criteria.vocabulary import (
    BANDS,
    CONSENT_POLICIES,
    PRIORITIES,
    REGIONS,
    RELEASE_KINDS,
    ROLES,
    SEVERITIES,
    SMI_STATUSES,
    SUPPLIES,
    CodedChoice,
    Op,
)


class Subject(StrEnum):
    """What a tree of conditions is about."""

    HUB = "HUB"
    RELEASE = "RELEASE"


class Kind(StrEnum):
    """The type of a field: it decides the operators and the shape of values."""

    CHOICE = "CHOICE"
    TEXT = "TEXT"
    LABELS = "LABELS"
    NUMBER = "NUMBER"
    DATE = "DATE"


_LISTED: Final = (Op.EQUAL, Op.NOT_EQUAL, Op.IN, Op.NOT_IN)
_OPS_BY_KIND: Final[Mapping[Kind, tuple[Op, ...]]] = {
    Kind.CHOICE: _LISTED,
    Kind.TEXT: _LISTED,
    Kind.LABELS: (Op.IN, Op.NOT_IN),
    Kind.NUMBER: (
        Op.EQUAL,
        Op.NOT_EQUAL,
        Op.LESS,
        Op.AT_MOST,
        Op.GREATER,
        Op.AT_LEAST,
        Op.BETWEEN,
    ),
    Kind.DATE: (Op.BEFORE, Op.AFTER, Op.BETWEEN, Op.OLDER_THAN_DAYS, Op.NEWER_THAN_DAYS),
}


@dataclass(frozen=True, slots=True)
class CriteriaField:
    """One thing a condition may ask about."""

    subject: Subject
    name: str
    label: str
    kind: Kind
    choices: tuple[CodedChoice, ...] = ()
    #: May the fact be unknown? Then the field can also be asked whether it is.
    optional: bool = False
    #: Numbers only: what makes sense at all.
    minimum: int = 0
    maximum: int = 0
    #: Numbers only: may it have a fraction?
    fractional: bool = False
    #: Text only: the longest value that can occur.
    longest: int = 60
    #: Text only: is it always upper case?
    upper: bool = False
    unit: str = ""

    @property
    def ops(self) -> tuple[Op, ...]:
        """List the operators the field understands, in the order of a form."""
        presence = (Op.IS_KNOWN, Op.IS_MISSING) if self.optional else ()
        return _OPS_BY_KIND[self.kind] + presence


def _table(*fields: CriteriaField) -> Mapping[str, CriteriaField]:
    return MappingProxyType({field.name: field for field in fields})


HUB_FIELDS: Final = _table(
    CriteriaField(Subject.HUB, "region", "region", Kind.CHOICE, REGIONS),
    CriteriaField(
        Subject.HUB, "version", "current firmware version", Kind.TEXT, optional=True, longest=8, upper=True
    ),
    CriteriaField(Subject.HUB, "band", "band", Kind.CHOICE, BANDS, optional=True),
    CriteriaField(Subject.HUB, "manufacturer", "manufacturer", Kind.TEXT, optional=True, longest=30),
    CriteriaField(Subject.HUB, "model", "model", Kind.TEXT, optional=True, longest=30),
    CriteriaField(Subject.HUB, "smi_status", "inventory status", Kind.CHOICE, SMI_STATUSES),
    CriteriaField(Subject.HUB, "installed_on", "installation date", Kind.DATE, optional=True),
    CriteriaField(Subject.HUB, "commissioned_on", "commissioning date", Kind.DATE, optional=True),
    CriteriaField(
        Subject.HUB, "han_devices", "number of HAN devices", Kind.NUMBER, optional=True, maximum=16
    ),
    CriteriaField(Subject.HUB, "supply", "supply", Kind.CHOICE, SUPPLIES, optional=True),
    CriteriaField(Subject.HUB, "role", "your role", Kind.CHOICE, ROLES, optional=True),
    CriteriaField(Subject.HUB, "label", "your labels", Kind.LABELS, longest=40),
    CriteriaField(
        Subject.HUB, "postcode_area", "postcode area", Kind.TEXT, optional=True, longest=2, upper=True
    ),
)

RELEASE_FIELDS: Final = _table(
    CriteriaField(Subject.RELEASE, "severity", "severity", Kind.CHOICE, SEVERITIES),
    CriteriaField(Subject.RELEASE, "priority", "priority", Kind.CHOICE, PRIORITIES),
    CriteriaField(Subject.RELEASE, "kind", "kind of release", Kind.CHOICE, RELEASE_KINDS),
    CriteriaField(Subject.RELEASE, "manufacturer", "manufacturer", Kind.TEXT, longest=30),
    CriteriaField(Subject.RELEASE, "model", "model", Kind.TEXT, longest=30),
    CriteriaField(Subject.RELEASE, "version", "target firmware version", Kind.TEXT, longest=8, upper=True),
    CriteriaField(Subject.RELEASE, "consent_policy", "consent policy", Kind.CHOICE, CONSENT_POLICIES),
    CriteriaField(
        Subject.RELEASE,
        "pilot_success_rate",
        "pilot success rate",
        Kind.NUMBER,
        optional=True,
        maximum=100,
        fractional=True,
        unit="%",
    ),
    CriteriaField(
        Subject.RELEASE,
        "pilot_size",
        "pilot size",
        Kind.NUMBER,
        optional=True,
        maximum=1_000_000,
        unit=" hubs",
    ),
    CriteriaField(
        Subject.RELEASE,
        "days_to_cutoff",
        "days left to the cut-off",
        Kind.NUMBER,
        optional=True,
        minimum=-3660,
        maximum=3660,
    ),
)


def fields_of(subject: Subject) -> Mapping[str, CriteriaField]:
    """Return the white list for one subject, by name, in the order of a form."""
    return HUB_FIELDS if subject is Subject.HUB else RELEASE_FIELDS
