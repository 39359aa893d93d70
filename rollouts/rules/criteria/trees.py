"""A tree of conditions as values: what a document means once it is read.

Two trees that differ only in the order of parts or of listed values mean the same, and have
the same canonical JSON and the same digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from rollouts.rules.criteria.fields import CriteriaField, Subject
from rollouts.rules.criteria.vocabulary import Op

Scalar = str | int | float | date
Value = Scalar | tuple[Scalar, ...] | None

#: How deep groups (all, any, not) nest, the outermost counted.
MAX_DEPTH: Final = 6
MAX_CONDITIONS: Final = 60
MAX_LISTED: Final = 200
MAX_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Condition:
    """A leaf: one field, one operator, and what the operator wants beside it."""

    field: CriteriaField
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class AllOf:
    """A group that holds when every part does; without parts it always holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A group that holds when at least one part does; without parts it never does."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of its part."""

    part: Node


Node = Condition | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Criteria:
    """A whole tree, and what it is about."""

    subject: Subject
    root: Node

    @property
    def document(self) -> dict[str, Any]:
        """Return the tree back as the JSON document a form edits, in the order it was written."""
        return _document(self.root, canonical=False)

    @property
    def canonical(self) -> str:
        """Return the one JSON text of everything that means the same."""
        return _dump(_document(self.root, canonical=True))

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the subject and the canonical JSON, in hex: the identity of a version."""
        return hashlib.sha256(f"{self.subject}:{self.canonical}".encode()).hexdigest()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """List the leaves, in order."""
        return tuple(_leaves(self.root))


def everything(subject: Subject) -> Criteria:
    """Return the criteria that leave nothing out."""
    return Criteria(subject, AllOf(()))


def _leaves(node: Node) -> Iterator[Condition]:
    match node:
        case Condition():
            yield node
        case Not(part):
            yield from _leaves(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _leaves(part)


def canonical_text(node: Node) -> str:
    """Return the canonical JSON of a part of a tree."""
    return _dump(_document(node, canonical=True))


def _document(node: Node, *, canonical: bool) -> dict[str, Any]:
    match node:
        case Condition(field, op, value):
            document: dict[str, Any] = {"field": field.name, "op": str(op)}
            if value is not None:
                document["value"] = _plain(value, is_sorted=canonical and op in {Op.IN, Op.NOT_IN})
            return document
        case Not(part):
            return {"not": _document(part, canonical=canonical)}
        case AllOf(parts) | AnyOf(parts):
            written = [_document(part, canonical=canonical) for part in parts]
            if canonical:
                written.sort(key=_dump)
            return {"all" if isinstance(node, AllOf) else "any": written}


def _plain(value: Value, *, is_sorted: bool) -> Any:
    if isinstance(value, tuple):
        listed = [_plain(item, is_sorted=False) for item in value]
        return sorted(listed) if is_sorted else listed
    return value.isoformat() if isinstance(value, date) else value


def _dump(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
