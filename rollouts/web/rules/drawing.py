"""A draft of conditions as its template draws it: controls, choices, and each problem at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from portal.kernel.presentation.local_times import DayField, iso_day
from rollouts.rules.criteria import (
    Criteria,
    CriteriaField,
    CriteriaProblem,
    Kind,
    Op,
    Shape,
    explain,
    fields_of,
    read,
)
from rollouts.web.rules.drafts import JOINTS, DraftGroup, DraftLeaf, DraftNode, written

Values = Mapping[str, Sequence[str]]

#: Up to so many values that occur are ticked off a list; beyond, they are typed.
_MOST_TICKED: Final = 40
_NOTHING: Final = ("", "Choose")


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a control."""

    value: str
    label: str
    is_chosen: bool
    id: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong, and the control it is about."""

    id: str
    label: str
    message: str


@dataclass(slots=True)
class Control:
    """How the value of a condition is given: `kind` is none, select, ticks, list, one or range."""

    kind: str
    options: Sequence[Option] = ()
    values: Sequence[str] = ()
    input_type: str = "text"
    calendar: str = ""
    unit: str = ""
    minimum: str = ""
    maximum: str = ""


@dataclass(slots=True)
class LeafView:
    """A condition in its template."""

    place: str
    number: str
    leaf: DraftLeaf
    fields: Sequence[Option]
    ops: Sequence[Option]
    control: Control
    is_next: bool
    faults: list[Fault] = field(default_factory=list)
    is_group: bool = False

    @property
    def id(self) -> str:
        """The stem of the ids of its controls."""
        return id_of(self.place)


@dataclass(slots=True)
class GroupView:
    """A group in its template."""

    place: str
    number: str
    joints: Sequence[Option]
    parts: Sequence[GroupView | LeafView]
    is_next: bool
    faults: list[Fault] = field(default_factory=list)
    is_group: bool = True

    @property
    def id(self) -> str:
        """The stem of the ids of its controls."""
        return id_of(self.place)


@dataclass(frozen=True, slots=True)
class ParsedDraft:
    """What a draft means: its document, and its sentence or what is wrong with it."""

    document: Mapping[str, object]
    criteria: Criteria | None
    faults: Sequence[Fault]
    says: str


def id_of(place: str) -> str:
    """Return the id of what stands at a place."""
    return f"id_{place.replace('.', '-')}"


def parse_draft(draft: DraftGroup, root: str) -> ParsedDraft:
    """Read a draft as the portal would, and lead every problem back to its control."""
    pointers: dict[str, str] = {}
    document = written(draft, "", root, pointers)
    criteria, problems = read(document, subject=draft.subject)
    faults = [_fault(problem, pointers, draft, root) for problem in problems]
    return ParsedDraft(document, criteria, faults, explain(criteria) if criteria else "")


def draw(
    draft: DraftGroup, root: str, *, values: Values, faults: Sequence[Fault] = (), next_place: str = ""
) -> GroupView:
    """Prepare a draft for its template; `next_place` is where the typing goes on."""
    view = _group(draft, root, "", values=values, next_place=next_place)
    _lay_out(view, faults)
    return view


def _group(draft: DraftGroup, place: str, number: str, *, values: Values, next_place: str) -> GroupView:
    parts: list[GroupView | LeafView] = []
    for position, part in enumerate(draft.parts):
        inner, name = f"{place}.{position}", f"{number}.{position + 1}".lstrip(".")
        if isinstance(part, DraftGroup):
            parts.append(_group(part, inner, name, values=values, next_place=next_place))
        else:
            parts.append(_leaf(part, inner, name, values=values, next_place=next_place))
    joints = [Option(key, words, draft.joint == key) for key, words in JOINTS.items()]
    return GroupView(place, number, joints, parts, is_next=place == next_place)


def _leaf(leaf: DraftLeaf, place: str, number: str, *, values: Values, next_place: str) -> LeafView:
    offered = [(name, _capital(each.label)) for name, each in fields_of(leaf.subject).items()]
    field = leaf.criteria_field
    return LeafView(
        place=place,
        number=number,
        leaf=leaf,
        fields=[Option(code, words, code == leaf.name) for code, words in [_NOTHING, *offered]],
        ops=[Option(str(op), op.label, op == leaf.op) for op in field.ops] if field else [],
        control=_control(leaf, values, id_of(place)),
        is_next=place == next_place,
    )


def _control(leaf: DraftLeaf, values: Values, stem: str) -> Control:
    field, op = leaf.criteria_field, leaf.operator
    if field is None or op is None or op.shape is Shape.NOTHING:
        return Control("none")
    if op.shape is Shape.DAYS:
        return Control("one", values=_padded(leaf, 1), input_type="number", unit="days", minimum="0")
    offered = _offered(field, leaf, values)
    if op.shape is Shape.MANY:
        if not offered:
            return Control("list", values=[", ".join(leaf.values)])
        chosen = set(leaf.values)
        ticks = [
            Option(code, words, code in chosen, f"{stem}-value" + (f"-{number}" if number else ""))
            for number, (code, words) in enumerate(offered)
        ]
        return Control("ticks", options=ticks)
    if offered:
        first = leaf.values[0] if leaf.values else ""
        return Control(
            "select", options=[Option(code, words, code == first) for code, words in [_NOTHING, *offered]]
        )
    return _typed(field, op, leaf)


def _typed(field: CriteriaField, op: Op, leaf: DraftLeaf) -> Control:
    kind, count = ("range", 2) if op.shape is Shape.RANGE else ("one", 1)
    shown = _padded(leaf, count)
    if field.kind is Kind.DATE:
        return Control(
            kind, values=[str(DayField().prepare_value(iso_day(day))) for day in shown], calendar="day"
        )
    if field.kind is Kind.NUMBER:
        return Control(
            kind,
            values=shown,
            input_type="number",
            unit=field.unit.strip(),
            minimum=str(field.minimum),
            maximum=str(field.maximum),
        )
    return Control(kind, values=shown)


def _offered(field: CriteriaField, leaf: DraftLeaf, values: Values) -> list[tuple[str, str]]:
    """List what can be chosen; a saved value that no longer occurs stays among it."""
    if field.choices:
        return [(choice.code, choice.label) for choice in field.choices]
    occurring = list(values.get(field.name, ()))
    if not occurring or len(occurring) > _MOST_TICKED:
        return []
    return [(value, value) for value in dict.fromkeys([*occurring, *filter(None, leaf.values)])]


def _padded(leaf: DraftLeaf, count: int) -> list[str]:
    return (leaf.values + [""] * count)[:count]


def _fault(problem: CriteriaProblem, pointers: Mapping[str, str], draft: DraftGroup, root: str) -> Fault:
    pointer, rest = problem.path, ""
    while pointer not in pointers:
        pointer, _, last = pointer.rpartition("/")
        rest = last
    place = pointers[pointer]
    node = _node_at(draft, place)
    number = ".".join(str(int(step) + 1) for step in place.split(".")[1:])
    if isinstance(node, DraftGroup):
        label = f"Group {number}" if number else "Conditions"
        return Fault(f"{id_of(place)}-joint", label, problem.message)
    label = f"Condition {number}"
    if rest == "field" or not node.name:
        return Fault(f"{id_of(place)}-field", label, "Choose what it asks about.")
    if rest == "op":
        return Fault(f"{id_of(place)}-op", label, "Choose a comparison.")
    return Fault(f"{id_of(place)}-value", label, _worded(node, problem))


def _worded(leaf: DraftLeaf, problem: CriteriaProblem) -> str:
    """Return what lacks in the words of a form; a document's own words name codes and lists."""
    if not any(leaf.values):
        is_ticked = leaf.operator is not None and leaf.operator.shape is Shape.MANY
        return "Choose at least one value." if is_ticked else "Give a value."
    if leaf.criteria_field is not None and leaf.criteria_field.choices:
        return "Choose one of the values offered."
    return problem.message


def _node_at(draft: DraftGroup, place: str) -> DraftNode:
    node: DraftNode = draft
    for step in place.split(".")[1:]:
        assert isinstance(node, DraftGroup)  # noqa: S101 - places come from the tree itself
        node = node.parts[int(step)]
    return node


def _lay_out(view: GroupView | LeafView, faults: Sequence[Fault]) -> None:
    stem = f"{view.id}-"
    ends = ("joint",) if isinstance(view, GroupView) else ("field", "op", "value")
    view.faults = [fault for fault in faults if fault.id.removeprefix(stem) in ends]
    if isinstance(view, GroupView):
        for part in view.parts:
            _lay_out(part, faults)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
