"""Random rules and random hubs, for the tests that hold the Python and the SQL of a rule equal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import strategies as st

from rollouts.rules.criteria import (
    Context,
    CriteriaField,
    HubFacts,
    Kind,
    ModelFacts,
    Op,
    Shape,
    Subject,
    fields_of,
)

ME, OTHER, THIRD = 11, 12, 13
AS_OF = date(2030, 3, 4)
VERSIONS = {1: "0C210000", 2: "0C220000", 3: "0C220000", 4: ""}
MODELS = {
    1: ModelFacts("Toshiba", "433100AC", "SINGLE"),
    2: ModelFacts("Toshiba", "433200AC", "DUAL"),
    3: ModelFacts("WNC", "010A030B", ""),
}
CONTEXT = Context(organisation_id=ME, as_of=AS_OF, versions=VERSIONS, models=MODELS)

_TEXTS: Mapping[str, list[str]] = {
    "version": ["0C210000", "0C220000", "0C230000"],
    "manufacturer": ["Toshiba", "WNC", "O'Neil %s"],
    "model": ["433100AC", "433200AC", "010A030B"],
    "postcode_area": ["LS", "M", "SW"],
    "label": ["friendly", "tower block", "100%(c0)s"],
}

days = st.dates(date(2028, 1, 1), date(2030, 12, 31))


@st.composite
def leaves(draw: st.DrawFn, subject: Subject = Subject.HUB) -> dict[str, Any]:
    """A condition on any field with any of its operators."""
    field = draw(st.sampled_from(list(fields_of(subject).values())))
    op = draw(st.sampled_from(field.ops))
    document: dict[str, Any] = {"field": field.name, "op": str(op)}
    if op.shape is not Shape.NOTHING:
        document["value"] = draw(_values(field, op))
    return document


def trees(subject: Subject = Subject.HUB) -> st.SearchStrategy[dict[str, Any]]:
    """A document of nested groups, within the limits."""
    levels: st.SearchStrategy[dict[str, Any]] = leaves(subject)
    for _ in range(3):
        parts = st.lists(levels, min_size=1, max_size=3)
        levels = st.one_of(
            leaves(subject),
            st.builds(lambda part: {"not": part}, levels),
            st.builds(lambda several: {"all": several}, parts),
            st.builds(lambda several: {"any": several}, parts),
        )
    return st.one_of(levels, st.just({"all": []}))


def _values(field: CriteriaField, op: Op) -> st.SearchStrategy[Any]:
    each = _condition(field)
    match op.shape:
        case Shape.DAYS:
            return st.integers(0, 800)
        case Shape.MANY:
            return st.lists(each, min_size=1, max_size=4)
        case Shape.RANGE:
            return st.tuples(each, each).map(sorted)
        case _:
            return each


def _condition(field: CriteriaField) -> st.SearchStrategy[Any]:
    match field.kind:
        case Kind.CHOICE:
            return st.sampled_from([choice.code for choice in field.choices])
        case Kind.DATE:
            return days.map(date.isoformat)
        case Kind.NUMBER:
            return st.integers(field.minimum, min(field.maximum, 12))
        case _:
            return st.sampled_from(_TEXTS[field.name])


_suppliers = st.sampled_from([None, ME, ME, OTHER, THIRD])


def hubs(guid: int) -> st.SearchStrategy[HubFacts]:
    """A hub with any facts, known or missing."""
    return st.builds(
        HubFacts,
        guid=st.just(guid),
        region=st.integers(0, 9),
        smi_status=st.integers(0, 10),
        cpl_entry_id=st.integers(1, 5),
        device_model_id=st.integers(1, 4),
        import_supplier_id=_suppliers,
        gas_supplier_id=_suppliers,
        commissioned_on=st.none() | days,
        installed_on=st.none() | days,
        han_devices=st.integers(0, 12),
        postcode_area=st.sampled_from(["", *_TEXTS["postcode_area"]]),
        labels=st.frozensets(st.sampled_from(_TEXTS["label"]), max_size=2),
    )
