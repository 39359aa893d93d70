"""What changed between two versions of criteria, part by part, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rollouts.rules.criteria.explaining import explain_node
from rollouts.rules.criteria.trees import AllOf, AnyOf, Condition, Criteria, Node, Not, canonical_text


class ChangeKind(StrEnum):
    """How a part of a tree differs from the version before."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class CriteriaChange:
    """One difference: where (in the newer document; a removed part's place in the older), and in words."""

    kind: ChangeKind
    path: str
    before: str = ""
    after: str = ""


def differences(older: Criteria, newer: Criteria) -> tuple[CriteriaChange, ...]:
    """List what changed from one version to the next; nothing where both mean the same."""
    return tuple(_between(older.root, newer.root, old_path="", path=""))


def _between(older: Node, newer: Node, *, old_path: str, path: str) -> Iterator[CriteriaChange]:
    if canonical_text(older) == canonical_text(newer):
        return
    match older, newer:
        case (AllOf(old_parts), AllOf(new_parts)) | (AnyOf(old_parts), AnyOf(new_parts)):
            group = "all" if isinstance(newer, AllOf) else "any"
            yield from _between_parts(
                old_parts, new_parts, old_path=f"{old_path}/{group}", path=f"{path}/{group}"
            )
        case Not(old_part), Not(new_part):
            yield from _between(old_part, new_part, old_path=f"{old_path}/not", path=f"{path}/not")
        case _:
            yield CriteriaChange(ChangeKind.CHANGED, path, explain_node(older), explain_node(newer))


def _between_parts(
    old_parts: tuple[Node, ...], new_parts: tuple[Node, ...], *, old_path: str, path: str
) -> Iterator[CriteriaChange]:
    old_left = dict(enumerate(old_parts))
    new_left = dict(enumerate(new_parts))
    for is_kin in (_same, _similar):
        for new_place, new_part in tuple(new_left.items()):
            old_place = next((place for place, part in old_left.items() if is_kin(part, new_part)), None)
            if old_place is None:
                continue
            old_part = old_left.pop(old_place)
            del new_left[new_place]
            yield from _between(
                old_part, new_part, old_path=f"{old_path}/{old_place}", path=f"{path}/{new_place}"
            )
    for place, part in old_left.items():
        yield CriteriaChange(ChangeKind.REMOVED, f"{old_path}/{place}", before=explain_node(part))
    for place, part in new_left.items():
        yield CriteriaChange(ChangeKind.ADDED, f"{path}/{place}", after=explain_node(part))


def _same(older: Node, newer: Node) -> bool:
    return canonical_text(older) == canonical_text(newer)


def _similar(older: Node, newer: Node) -> bool:
    """Return whether one part is the other reworked: the same field, or a group of the same kind."""
    if isinstance(older, Condition) and isinstance(newer, Condition):
        return older.field == newer.field
    return type(older) is type(newer)
