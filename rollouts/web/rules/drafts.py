"""A tree of conditions while it is built: read from a form, changed by one button, written as JSON.

The whole tree travels in the form. Its fields are named by the place of each part: `hub` is the outermost
group, `hub.0` its first part, `hub.0.joint` how a group joins, `hub.0.field`, `.op` and `.value` what a
condition asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict

from portal.kernel.presentation.local_times import iso_day
from rollouts.rules.criteria import MAX_CONDITIONS, MAX_DEPTH, Kind, Op, Shape, Subject, fields_of
from rollouts.rules.criteria import CriteriaField as Asked

#: The buttons that change a tree; each carries the place of the part it is about.
VERBS: Final = frozenset({"add", "group", "wrap", "remove"})
#: How the parts of a group are joined, as a form says it.
JOINTS: Final = {
    "all": "All of these hold",
    "any": "At least one of these holds",
    "not-all": "Not all of these hold",
    "not-any": "None of these holds",
}
_DEEPEST: Final = MAX_DEPTH + 1
_MOST: Final = MAX_CONDITIONS + 1


@dataclass(slots=True)
class DraftLeaf:
    """A condition that may lack anything."""

    subject: Subject
    name: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    is_negated: bool = False

    @property
    def criteria_field(self) -> Asked | None:
        """What the condition asks about, once that is chosen."""
        return fields_of(self.subject).get(self.name)

    @property
    def operator(self) -> Op | None:
        """The comparison, once it is chosen."""
        return (
            next((op for op in self.criteria_field.ops if op == self.op), None)
            if self.criteria_field
            else None
        )


@dataclass(slots=True)
class DraftGroup:
    """Parts and how they are joined: a key of `JOINTS`."""

    subject: Subject
    joint: str = "all"
    parts: list[DraftNode] = field(default_factory=list)


DraftNode = DraftLeaf | DraftGroup


def draft_of(document: object, subject: Subject) -> DraftGroup:
    """Turn a saved tree into a draft; the outermost part of a draft is always a group."""
    part = _drafted(document, subject, is_negated=False)
    return part if isinstance(part, DraftGroup) else DraftGroup(subject, parts=[part])


def read_draft(posted: QueryDict, root: str, subject: Subject) -> DraftGroup:
    """Read a draft back from the fields of its form; what makes no sense is left out."""
    draft = _posted_group(posted, root, subject, depth=1)
    return draft or DraftGroup(subject)


def change(root: DraftGroup, act: str, place: str) -> str:
    """Do what a button says; return the place of the part to go on with."""
    parent, number = _parent_of(root, place)
    if act in {"add", "group"}:
        group = _at(root, place)
        if not isinstance(group, DraftGroup):
            return ""
        leaf = DraftLeaf(root.subject)
        group.parts.append(leaf if act == "add" else DraftGroup(root.subject, "any", [leaf]))
        return f"{place}.{len(group.parts) - 1}" + ("" if act == "add" else ".0")
    if parent is None:
        return ""
    if act == "wrap":
        parent.parts[number] = DraftGroup(root.subject, "any", [parent.parts[number]])
        return f"{place}.0"
    del parent.parts[number]
    return place.rpartition(".")[0]


def written(node: DraftNode, pointer: str, place: str, pointers: dict[str, str]) -> dict[str, Any]:
    """Write a draft as the document of a rule; `pointers` learns which place each JSON pointer leads to."""
    pointers[pointer] = place
    if isinstance(node, DraftLeaf):
        if node.is_negated:
            pointers[f"{pointer}/not"] = place
        inner = _leaf_document(node)
        return {"not": inner} if node.is_negated else inner
    joint = node.joint.removeprefix("not-")
    is_negated = joint != node.joint
    inside = f"{pointer}/not" if is_negated else pointer
    pointers[inside] = pointers[f"{inside}/{joint}"] = place
    parts = [
        written(part, f"{inside}/{joint}/{number}", f"{place}.{number}", pointers)
        for number, part in enumerate(node.parts)
    ]
    document: dict[str, Any] = {joint: parts}
    return {"not": document} if is_negated else document


def _leaf_document(leaf: DraftLeaf) -> dict[str, Any]:
    document: dict[str, Any] = {"field": leaf.name, "op": leaf.op}
    field, op = leaf.criteria_field, leaf.operator
    if field is None or op is None or op.shape is Shape.NOTHING:
        return document
    values = [_plain(field, op, value) for value in leaf.values]
    match op.shape:
        case Shape.MANY:
            document["value"] = [value for value in values if value != ""]
        case Shape.RANGE:
            document["value"] = [*values, "", ""][:2]
        case _:
            document["value"] = values[0] if values else ""
    return document


def _plain(field: Asked, op: Op, text: str) -> str | int | float:
    """Return a number where one is written; anything else stays as typed, and is reported as a problem."""
    if field.kind is Kind.DATE and op.shape is not Shape.DAYS:
        return iso_day(text)
    if field.kind is not Kind.NUMBER and op.shape is not Shape.DAYS:
        return text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _drafted(document: object, subject: Subject, *, is_negated: bool) -> DraftNode:
    if not isinstance(document, Mapping):
        return DraftGroup(subject)
    if "field" in document:
        value = document.get("value")
        listed: list[object] = value if isinstance(value, list) else [] if value is None else [value]
        values = [str(item) for item in listed]
        return DraftLeaf(subject, str(document["field"]), str(document.get("op")), values, is_negated)
    if "not" in document:
        return _drafted(document["not"], subject, is_negated=not is_negated)
    joint = "all" if "all" in document else "any"
    parts = [_drafted(part, subject, is_negated=False) for part in document.get(joint, [])]
    return DraftGroup(subject, f"not-{joint}" if is_negated else joint, parts)


def _posted_group(posted: QueryDict, place: str, subject: Subject, *, depth: int) -> DraftGroup | None:
    joint = posted.get(f"{place}.joint")
    if joint not in JOINTS or depth > _DEEPEST:
        return None
    parts: list[DraftNode] = []
    for number in range(_MOST):
        inner = f"{place}.{number}"
        part: DraftNode | None
        if f"{inner}.field" in posted:
            part = _posted_leaf(posted, inner, subject)
        else:
            part = _posted_group(posted, inner, subject, depth=depth + 1)
        if part is None:
            break
        parts.append(part)
    return DraftGroup(subject, joint, parts)


def _posted_leaf(posted: QueryDict, place: str, subject: Subject) -> DraftLeaf:
    name = str(posted[f"{place}.field"])
    is_negated = f"{place}.not" in posted
    leaf = DraftLeaf(subject, name, str(posted.get(f"{place}.op", "")), is_negated=is_negated)
    field = leaf.criteria_field
    if field is None:
        return leaf
    if name != posted.get(f"{place}.was", name) or leaf.operator is None:
        # Another question: the comparison and the value belonged to the one before.
        leaf.op = field.ops[0]
        return leaf
    leaf.values = [value.strip() for value in posted.getlist(f"{place}.value")]
    leaf.values += [part.strip() for part in posted.get(f"{place}.list", "").split(",") if part.strip()]
    return leaf


def _steps(place: str) -> Sequence[int]:
    return [int(step) for step in place.split(".")[1:] if step.isdecimal()]


def _at(root: DraftGroup, place: str) -> DraftNode | None:
    node: DraftNode = root
    for step in _steps(place):
        if not isinstance(node, DraftGroup) or step >= len(node.parts):
            return None
        node = node.parts[step]
    return node


def _parent_of(root: DraftGroup, place: str) -> tuple[DraftGroup | None, int]:
    steps = _steps(place)
    parent = _at(root, place.rpartition(".")[0]) if steps else None
    if not isinstance(parent, DraftGroup) or steps[-1] >= len(parent.parts):
        return None, 0
    return parent, steps[-1]
