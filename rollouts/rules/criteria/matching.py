"""Does a hub, or a release, meet the criteria? The Python twin of `compiling`.

A comparison with a missing fact is false, and the `not` of it true: there is no third answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, cast

from rollouts.rules.criteria.facts import Context, HubFacts, ModelFacts, ReleaseFacts
from rollouts.rules.criteria.fields import Subject
from rollouts.rules.criteria.trees import AllOf, AnyOf, Condition, Criteria, Node, Not, Scalar, Value
from rollouts.rules.criteria.vocabulary import REGIONS, ROLES, SMI_STATUSES, SUPPLIES, CodedChoice, Op

Fact = Scalar | frozenset[str] | None
Read = Callable[[str], Fact]


def matches(criteria: Criteria, hub: HubFacts, context: Context) -> bool:
    """Return whether a hub meets the criteria.

    Raises:
        ValueError: the criteria are about releases.
    """
    check_subject(criteria, Subject.HUB)
    return _holds(criteria.root, lambda name: _HUB_FACTS[name](hub, context), context)


def matches_release(criteria: Criteria, release: ReleaseFacts) -> bool:
    """Return whether a release, as it was known when the facts were taken, meets the criteria.

    Raises:
        ValueError: the criteria are about hubs.
    """
    check_subject(criteria, Subject.RELEASE)
    return _holds(criteria.root, lambda name: _fact_or_missing(getattr(release, name)), None)


def failing_conditions(criteria: Criteria, release: ReleaseFacts) -> tuple[Condition, ...]:
    """List the conditions a release does not meet by itself: why a rule did not apply."""
    return tuple(
        leaf for leaf in criteria.conditions if not matches_release(Criteria(Subject.RELEASE, leaf), release)
    )


def check_subject(criteria: Criteria, subject: Subject) -> None:
    """Check what the criteria are about.

    Raises:
        ValueError: they are about something else.
    """
    if criteria.subject is not subject:
        raise ValueError(f"Criteria about a {criteria.subject} were put to a {subject}.")


def compare(op: Op, fact: Fact, value: Value, *, context: Context | None = None) -> bool:
    """Put one operator to one fact."""
    if op is Op.IS_MISSING:
        return fact is None
    if fact is None:
        return False
    if isinstance(fact, frozenset):
        return fact.isdisjoint(_listed(value)) is (op is Op.NOT_IN)
    return _COMPARISONS[op](fact, value, context)


def supply_of(import_supplier_id: int | None, gas_supplier_id: int | None) -> int | None:
    """Return the stored code of SOLE or SPLIT; None where no Supplier is registered."""
    if import_supplier_id is None and gas_supplier_id is None:
        return None
    both = import_supplier_id is not None and gas_supplier_id is not None
    return 2 if both and import_supplier_id != gas_supplier_id else 1


def role_of(organisation_id: int | None, *, imports: int | None, gas: int | None) -> int | None:
    """Return the stored code of the roles the organisation itself has; None where it has none."""
    if organisation_id is None:
        return None
    return ((imports == organisation_id) + 2 * (gas == organisation_id)) or None


def _holds(node: Node, read: Read, context: Context | None) -> bool:
    match node:
        case Condition(field, op, value):
            return compare(op, read(field.name), value, context=context)
        case Not(part):
            return not _holds(part, read, context)
        case AllOf(parts):
            return all(_holds(part, read, context) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, read, context) for part in parts)


def _listed(value: Value) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _days_before(context: Context | None, days: Any) -> Any:
    if context is None:
        raise ValueError("A condition on a day needs the day it is asked on.")
    return context.as_of - timedelta(days=days)


def _fact_or_missing(fact: Any) -> Fact:
    # Empty text is a missing fact; the number zero is a known one.
    return None if fact == "" else cast("Fact", fact)


_COMPARISONS: Final[Mapping[Op, Callable[[Any, Any, Context | None], bool]]] = {
    Op.EQUAL: lambda fact, value, _: fact == value,
    Op.NOT_EQUAL: lambda fact, value, _: fact != value,
    Op.IN: lambda fact, value, _: fact in value,
    Op.NOT_IN: lambda fact, value, _: fact not in value,
    Op.LESS: lambda fact, value, _: fact < value,
    Op.AT_MOST: lambda fact, value, _: fact <= value,
    Op.GREATER: lambda fact, value, _: fact > value,
    Op.AT_LEAST: lambda fact, value, _: fact >= value,
    Op.BETWEEN: lambda fact, value, _: value[0] <= fact <= value[1],
    Op.BEFORE: lambda fact, value, _: fact < value,
    Op.AFTER: lambda fact, value, _: fact > value,
    Op.OLDER_THAN_DAYS: lambda fact, value, context: fact < _days_before(context, value),
    Op.NEWER_THAN_DAYS: lambda fact, value, context: fact >= _days_before(context, value),
    Op.IS_KNOWN: lambda _fact, _value, _: True,
}


def _codes(choices: tuple[CodedChoice, ...]) -> dict[int | None, str]:
    return {choice.stored: choice.code for choice in choices}


_REGION_CODES: Final = _codes(REGIONS)
_STATUS_CODES: Final = _codes(SMI_STATUSES)
_SUPPLY_CODES: Final = _codes(SUPPLIES)
_ROLE_CODES: Final = _codes(ROLES)
_NO_MODEL: Final = ModelFacts("", "", "")


def _model(hub: HubFacts, context: Context) -> ModelFacts:
    return _NO_MODEL if hub.device_model_id is None else context.models.get(hub.device_model_id, _NO_MODEL)


def _version(hub: HubFacts, context: Context) -> str | None:
    return None if hub.cpl_entry_id is None else context.versions.get(hub.cpl_entry_id) or None


def _role(hub: HubFacts, context: Context) -> str | None:
    role = role_of(context.organisation_id, imports=hub.import_supplier_id, gas=hub.gas_supplier_id)
    return _ROLE_CODES.get(role)


_HUB_FACTS: Final[Mapping[str, Callable[[HubFacts, Context], Fact]]] = {
    "region": lambda hub, _: _REGION_CODES.get(hub.region),
    "version": _version,
    "band": lambda hub, context: _model(hub, context).band or None,
    "manufacturer": lambda hub, context: _model(hub, context).manufacturer or None,
    "model": lambda hub, context: _model(hub, context).model or None,
    "smi_status": lambda hub, _: _STATUS_CODES.get(hub.smi_status),
    "installed_on": lambda hub, _: hub.installed_on,
    "commissioned_on": lambda hub, _: hub.commissioned_on,
    "han_devices": lambda hub, _: hub.han_devices,
    "supply": lambda hub, _: _SUPPLY_CODES.get(supply_of(hub.import_supplier_id, hub.gas_supplier_id)),
    "role": _role,
    "label": lambda hub, context: frozenset() if context.organisation_id is None else hub.labels,
    "postcode_area": lambda hub, _: hub.postcode_area or None,
}
