"""Criteria in plain English: what a person reads before saving, and what the audit trail keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from rollouts.rules.criteria.fields import CriteriaField, Kind, Subject
from rollouts.rules.criteria.trees import AllOf, AnyOf, Condition, Criteria, Node, Not, Scalar, Value
from rollouts.rules.criteria.vocabulary import Op, Shape

_NOUNS: Final = {
    Subject.HUB: ("Hubs", "Every hub", "No hub"),
    Subject.RELEASE: ("Releases", "Any release", "No release"),
}

_PHRASES: Final[Mapping[Op, str]] = {
    Op.EQUAL: "is",
    Op.NOT_EQUAL: "is not",
    Op.IN: "is",
    Op.NOT_IN: "is neither",
    Op.LESS: "is less than",
    Op.AT_MOST: "is at most",
    Op.GREATER: "is more than",
    Op.AT_LEAST: "is at least",
    Op.BETWEEN: "is from",
    Op.BEFORE: "is before",
    Op.AFTER: "is after",
    Op.OLDER_THAN_DAYS: "is more than",
    Op.NEWER_THAN_DAYS: "is at most",
    Op.IS_KNOWN: "is known",
    Op.IS_MISSING: "is not known",
}

_JOINTS: Final = {Op.NOT_IN: "nor", Op.BETWEEN: "to"}


def explain(criteria: Criteria) -> str:
    """Return the criteria in one English sentence."""
    some, every, none = _NOUNS[criteria.subject]
    match criteria.root:
        case AllOf(()):
            return f"{every}."
        case AnyOf(()):
            return f"{none}."
        case AllOf(parts):
            return f"{some} where {_joined(parts, 'and')}."
        case AnyOf(parts):
            return f"{some} where {_joined(parts, 'or')}."
        case node:
            return f"{some} where {explain_node(node)}."


def explain_node(node: Node) -> str:
    """Return one part of a tree in words, without the noun it is about."""
    match node:
        case Condition():
            return _condition(node)
        case Not(part):
            return f"not ({explain_node(part)})"
        case AllOf(()):
            return "anything"
        case AnyOf(()):
            return "nothing"
        case AllOf(parts):
            return _joined(parts, "and")
        case AnyOf(parts):
            return _joined(parts, "or")


def _joined(parts: Sequence[Node], joint: str) -> str:
    if len(parts) == 1:
        return explain_node(parts[0])
    return f" {joint} ".join(
        f"({explain_node(part)})"
        if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1
        else explain_node(part)
        for part in parts
    )


def _condition(condition: Condition) -> str:
    field, op, value = condition.field, condition.op, condition.value
    if field.kind is Kind.LABELS:
        verb = "include" if op is Op.IN else "do not include"
        return f"{field.label} {verb} {_values(field, value, joint='or')}"
    if op is Op.NOT_IN and isinstance(value, tuple) and len(value) == 1:
        op = Op.NOT_EQUAL
    phrase = f"{field.label} {_PHRASES[op]}"
    match op.shape:
        case Shape.NOTHING:
            return phrase
        case Shape.DAYS:
            return f"{phrase} {_days(value)} ago"
        case _:
            return f"{phrase} {_values(field, value, joint=_JOINTS.get(op, 'or'))}"


def _days(value: Value) -> str:
    return "1 day" if value == 1 else f"{value:,} days"


def _values(field: CriteriaField, value: Value, *, joint: str) -> str:
    listed = value if isinstance(value, tuple) else (value,)
    words = [_value_words(field, item) for item in listed if item is not None]
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def _value_words(field: CriteriaField, value: Scalar) -> str:
    match value:
        case date():
            return f"{value.day} {value:%B %Y}"
        case int() | float():
            return f"{value:,}{field.unit}"
        case _:
            return next((choice.label for choice in field.choices if choice.code == value), value)
