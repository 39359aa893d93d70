"""From criteria to the WHERE of a statement: the SQL twin of `matching`.

# Note [Two answers only]
SQL knows three truth values, criteria know two. Each leaf ends in IS TRUE, so that a missing
fact gives false and its `not` gives true, as in Python. The planner estimates `x IS TRUE` by the
statistics of x. Of a computed expression it has none and would guess one row in 200, hence a
nested loop over millions; coalesce makes it guess one in two.

No value ever becomes part of the text: values travel as named parameters, lists as one array.
Closed lists and the catalogue are resolved to ids in Python by the same comparison the
Python twin uses, so the two cannot differ there.

Of the other Supplier a fragment can tell no more than that there is one (`supply`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, cast

from portal.kernel.statements import Sql
from rollouts.rules.criteria.facts import Context, ModelFacts
from rollouts.rules.criteria.fields import Kind, Subject
from rollouts.rules.criteria.matching import check_subject, compare
from rollouts.rules.criteria.trees import AllOf, AnyOf, Condition, Criteria, Node, Not, Value
from rollouts.rules.criteria.vocabulary import Op, Shape

#: What the statement under a fragment calls `rollouts_hub`.
ALIAS: Final = "h"

_SYMBOLS: Final = {
    Op.EQUAL: "=",
    Op.NOT_EQUAL: "<>",
    Op.LESS: "<",
    Op.AT_MOST: "<=",
    Op.GREATER: ">",
    Op.AT_LEAST: ">=",
    Op.BEFORE: "<",
    Op.AFTER: ">",
    Op.OLDER_THAN_DAYS: "<",
    Op.NEWER_THAN_DAYS: ">=",
}


def supply_sql(alias: str = ALIAS) -> str:
    """Return the SQL twin of `supply_of`, for a relation with both supplier columns."""
    imports, gas = f"{alias}.import_supplier_id", f"{alias}.gas_supplier_id"
    return f"(CASE WHEN {imports} <> {gas} THEN 2 WHEN coalesce({imports}, {gas}) IS NOT NULL THEN 1 END)"


def compile_hub(criteria: Criteria, context: Context, *, prefix: str = "c") -> Sql:
    """Compile criteria into a condition on `rollouts_hub AS h`, which is true or false, never null.

    The fragment narrows by the criteria alone: whose hubs may be seen at all is the statement's
    business. Parameters are named after the prefix, so that several fragments fit in one statement.

    Raises:
        ValueError: the criteria are about releases.
    """
    check_subject(criteria, Subject.HUB)
    compiler = _Compiler(context=context, prefix=prefix)
    return Sql(compiler.node(criteria.root), compiler.params)


@dataclass(slots=True)
class _Compiler:
    context: Context
    prefix: str
    params: dict[str, object] = field(default_factory=dict)

    def node(self, node: Node) -> str:
        match node:
            case Condition():
                return self.condition(node)
            case Not(part):
                return f"(NOT {self.node(part)})"
            case AllOf(parts):
                return self.group(" AND ", parts, empty="TRUE")
            case AnyOf(parts):
                return self.group(" OR ", parts, empty="FALSE")

    def group(self, joint: str, parts: Iterable[Node], *, empty: str) -> str:
        written = [self.node(part) for part in parts]
        return f"({joint.join(written)})" if written else empty

    def condition(self, condition: Condition) -> str:
        name = condition.field.name
        if name in _STORED:
            return self.by_ids(condition)
        if condition.field.kind is Kind.LABELS:
            return self.by_labels(condition)
        return self.by_column(condition, _COLUMNS[name])

    def by_ids(self, condition: Condition) -> str:
        """Compare a column of ids with the ids whose meaning passes the comparison."""
        expression, sql_type, meanings = _STORED[condition.field.name]
        is_missing = condition.op is Op.IS_MISSING
        op = Op.IS_KNOWN if is_missing else condition.op
        ids = [
            stored
            for stored, meaning in meanings(condition, self.context).items()
            if compare(op, meaning or None, condition.value)
        ]
        listed = self.param(sorted(ids), f"{sql_type}[]")
        comparison = f"{self.own(expression)} = ANY({listed})"
        if expression in _COMPUTED:
            return f"({'NOT ' if is_missing else ''}coalesce({comparison}, FALSE))"
        return f"(({comparison}) IS {'NOT ' if is_missing else ''}TRUE)"

    def by_labels(self, condition: Condition) -> str:
        labels = self.param(_listed(condition.value), "text[]")
        organisation = self.param(self.context.organisation_id, "integer")
        absent = "NOT " if condition.op is Op.NOT_IN else ""
        return (
            f"({absent}EXISTS (SELECT FROM rollouts_hublabel AS l WHERE l.organisation_id = {organisation}"
            f" AND l.guid = {ALIAS}.guid AND l.label = ANY({labels})))"
        )

    def by_column(self, condition: Condition, column: tuple[str, str]) -> str:
        expression, sql_type = column
        op, value = condition.op, condition.value
        if op.shape is Shape.NOTHING:
            return f"({expression} IS {'NOT ' if op is Op.IS_KNOWN else ''}NULL)"
        if op.shape is Shape.MANY:
            listed = self.param(_listed(value), f"{sql_type}[]")
            comparison = "= ANY" if op is Op.IN else "<> ALL"
            return f"(({expression} {comparison}({listed})) IS TRUE)"
        if op.shape is Shape.RANGE:
            low, high = (self.param(end, sql_type) for end in _listed(value))
            return f"(({expression} BETWEEN {low} AND {high}) IS TRUE)"
        if op.shape is Shape.DAYS:
            value = self.context.as_of - timedelta(days=cast("int", value))
        return f"(({expression} {_SYMBOLS[op]} {self.param(value, sql_type)}) IS TRUE)"

    def own(self, expression: str) -> str:
        """Put the asking organisation into an expression that is about it."""
        if "{organisation}" not in expression:
            return expression
        return expression.format(organisation=self.param(self.context.organisation_id, "integer"))

    def param(self, value: object, sql_type: str) -> str:
        name = f"{self.prefix}{len(self.params)}"
        self.params[name] = value
        return f"%({name})s::{sql_type}"


def _listed(value: Value) -> list[object]:
    return list(value) if isinstance(value, tuple) else [value]


def _choices(condition: Condition, _context: Context) -> Mapping[int, str]:
    return {choice.stored: choice.code for choice in condition.field.choices}


def _versions(_condition: Condition, context: Context) -> Mapping[int, str]:
    return context.versions


def _models(attribute: Callable[[ModelFacts], str]) -> Callable[[Condition, Context], Mapping[int, str]]:
    return lambda _, context: {stored: attribute(model) for stored, model in context.models.items()}


_ROLE: Final = (
    "(CASE WHEN h.import_supplier_id = {organisation} THEN 1 ELSE 0 END"
    " + CASE WHEN h.gas_supplier_id = {organisation} THEN 2 ELSE 0 END)"
)

_COMPUTED: Final = frozenset({supply_sql(), _ROLE})

_STORED: Final[Mapping[str, tuple[str, str, Callable[[Condition, Context], Mapping[int, str]]]]] = {
    "region": ("h.region", "smallint", _choices),
    "smi_status": ("h.smi_status", "smallint", _choices),
    "supply": (supply_sql(), "integer", _choices),
    "role": (_ROLE, "integer", _choices),
    "version": ("h.cpl_entry_id", "integer", _versions),
    "manufacturer": ("h.device_model_id", "integer", _models(lambda model: model.manufacturer)),
    "model": ("h.device_model_id", "integer", _models(lambda model: model.model)),
    "band": ("h.device_model_id", "integer", _models(lambda model: model.band)),
}

_COLUMNS: Final = {
    "installed_on": ("h.installed_on", "date"),
    "commissioned_on": ("h.commissioned_on", "date"),
    "han_devices": ("h.han_devices", "integer"),
    "postcode_area": ("nullif(h.postcode_area, '')", "text"),
}
