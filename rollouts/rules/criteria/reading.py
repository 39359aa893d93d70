"""From a JSON document to a tree of conditions: everything wrong with it is said at once.

A path is a JSON pointer, so that a form can put each message beside what it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from portal.kernel.refusals import BadInput
from rollouts.rules.criteria.fields import CriteriaField, Subject, fields_of
from rollouts.rules.criteria.trees import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    AllOf,
    AnyOf,
    Condition,
    Criteria,
    Node,
    Not,
)
from rollouts.rules.criteria.values import Misread, read_value
from rollouts.rules.criteria.vocabulary import Op, Shape

_MOST_PROBLEMS: Final = 100

Known = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class CriteriaProblem:
    """One thing wrong with a document: where, and what to do about it."""

    path: str
    message: str


class InvalidCriteria(BadInput):
    """The document is not a tree of conditions."""

    code = "invalid_criteria"

    def __init__(self, problems: Collection[CriteriaProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            " ".join(f"{problem.path or '/'}: {problem.message}" for problem in self.problems[:3]),
            facts={"problems": [{"path": each.path, "message": each.message} for each in self.problems]},
        )


def parse(document: object, *, subject: Subject, known: Known | None = None) -> Criteria:
    """Read a document into criteria.

    `known` may list the values that occur of open fields (`version`, `manufacturer`, `model`,
    `label`); a value outside its list is then a problem, since it could never match.

    Raises:
        InvalidCriteria: with every problem of the document.
    """
    criteria, problems = read(document, subject=subject, known=known)
    if criteria is None:
        raise InvalidCriteria(problems)
    return criteria


def read(
    document: object, *, subject: Subject, known: Known | None = None
) -> tuple[Criteria | None, tuple[CriteriaProblem, ...]]:
    """Read a document into criteria, or else say everything that is wrong with it."""
    reader = _CriteriaReader(subject=subject, known=known or {})
    root = reader.read(document, path="", depth=1)
    if root is None or reader.problems:
        return None, tuple(reader.problems)
    return Criteria(subject, root), ()


@dataclass(slots=True)
class _CriteriaReader:
    subject: Subject
    known: Known
    problems: list[CriteriaProblem] = field(default_factory=list)
    conditions: int = 0

    def blame(self, path: str, message: str) -> None:
        self.problems.append(CriteriaProblem(path, message))

    def read(self, document: object, *, path: str, depth: int) -> Node | None:
        if self.conditions > MAX_CONDITIONS or len(self.problems) >= _MOST_PROBLEMS:
            return None  # enough is said; a hostile document must not cost more
        if not isinstance(document, Mapping):
            self.blame(path, "Give a condition or a group: an object with all, any, not or field.")
            return None
        kinds = [key for key in ("all", "any", "not", "field") if key in document]
        if len(kinds) != 1:
            self.blame(path, "Give exactly one of all, any, not or field.")
            return None
        if kinds == ["field"]:
            return self.read_condition(document, path=path)
        return self.read_group(kinds[0], document, path=path, depth=depth)

    def read_group(self, group: str, document: Mapping[str, Any], *, path: str, depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            self.blame(path, f"Groups go {MAX_DEPTH} levels deep at most. Move this part further up.")
            return None
        self.refuse_others(document, path=path, allowed={group})
        inside = document[group]
        path = f"{path}/{group}"
        if group == "not":
            part = self.read(inside, path=path, depth=depth + 1)
            return None if part is None else Not(part)
        if not isinstance(inside, list | tuple):
            self.blame(path, "Give a list of conditions.")
            return None
        if not inside and (depth > 1 or group == "any"):
            self.blame(path, "Add a condition to this group, or remove it.")
        if len(inside) > MAX_CONDITIONS:
            self.blame(path, f"Keep at most {MAX_CONDITIONS} parts here: there are {len(inside)}.")
            return None
        read = [self.read(part, path=f"{path}/{place}", depth=depth + 1) for place, part in enumerate(inside)]
        parts = tuple(part for part in read if part is not None)
        return AllOf(parts) if group == "all" else AnyOf(parts)

    def read_condition(self, document: Mapping[str, Any], *, path: str) -> Condition | None:
        self.conditions += 1
        if self.conditions == MAX_CONDITIONS + 1:
            self.blame(path, f"Keep at most {MAX_CONDITIONS} conditions. Use “is one of” for several values.")
        self.refuse_others(document, path=path, allowed={"field", "op", "value"})
        field = self.read_field(document["field"], path=f"{path}/field")
        op = None if field is None else self.read_op(document.get("op"), field, path=f"{path}/op")
        if field is None or op is None:
            return None
        if op.shape is Shape.NOTHING:
            if document.get("value") is not None:
                self.blame(f"{path}/value", f"Remove the value: “{op.label}” needs none.")
            return Condition(field, op, None)
        try:
            value = read_value(field, op, document.get("value"), known=self.known.get(field.name))
        except Misread as misread:
            for place, message in misread.faults:
                self.blame(f"{path}/value{place}", message)
            return None
        return Condition(field, op, value)

    def read_field(self, name: object, *, path: str) -> CriteriaField | None:
        table = fields_of(self.subject)
        field = table.get(name) if isinstance(name, str) else None
        if field is None:
            self.blame(path, f"Choose one of the fields {', '.join(table)}.")
        return field

    def read_op(self, written: object, field: CriteriaField, *, path: str) -> Op | None:
        operator = next((op for op in field.ops if op == written), None)
        if operator is None:
            self.blame(
                path, f"Choose one of {', '.join(field.ops)}: {field.label} knows no other comparison."
            )
        return operator

    def refuse_others(self, document: Mapping[str, Any], *, path: str, allowed: Collection[str]) -> None:
        for key in document:
            if key not in allowed:
                self.blame(path, f"Remove “{str(key)[:40]}”: it means nothing here.")
