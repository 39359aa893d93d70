"""Choosing hubs of a rollout by criteria: what matches, what is drawn, how well it stands for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.identity.scope import Scope
from portal.kernel import sql
from rollouts.models import catalogue
from rollouts.models.plans import Batch
from rollouts.rules.criteria import (
    MATCHING_COLUMNS,
    Cell,
    Context,
    Criteria,
    ModelFacts,
    SampleSpec,
    Sql,
    breakdown,
    compile_hub,
    distance_by_dimension,
    draw_sql,
    plan_sample,
    representativeness,
)
from rollouts.rules.criteria.cells import cell_columns
from rollouts.states import BatchKind

Breakdown = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class HubSelection:
    """What criteria and a sample choose, beside the eligible set they choose from.

    `score` is the representativeness of the chosen hubs (see `rollouts.rules.criteria.scoring`), and
    `distances` what each dimension takes from it. `guids` are in order; with no sample there are
    only the first few.
    """

    eligible: int
    matching: int
    chosen: int
    score: float
    distances: dict[str, float]
    chosen_by: Breakdown
    eligible_by: Breakdown
    guids: Sequence[int]


def criteria_context(organisation_id: int | None, *, as_of: date) -> Context:
    """Load what criteria are read against: the catalogue, and whose labels and roles count."""
    models = catalogue.DeviceModel.objects.values_list("pk", "manufacturer", "model", "band")
    return Context(
        organisation_id=organisation_id,
        as_of=as_of,
        versions=dict(catalogue.CplEntry.objects.values_list("pk", "firmware_version")),
        models={pk: ModelFacts(manufacturer, model, band) for pk, manufacturer, model, band in models},
    )


def choose(
    scope: Scope,
    *,
    rollout_id: int,
    criteria: Criteria,
    sample: SampleSpec | None,
    as_of: date,
    listed: int,
    supplier_id: int | None = None,
) -> HubSelection:
    """Choose by criteria among the organisation's own hubs; at most `listed` GUIDs where nothing is drawn.

    DCC may choose among those of one Supplier (`supplier_id`), whose labels it does not see. Two statements,
    however many hubs there are.
    """
    context = criteria_context(_party(scope), as_of=as_of)
    condition = compile_hub(criteria, context)
    params = _params(scope, rollout_id)
    if supplier_id is not None and scope.is_dcc:
        params["party_id"] = supplier_id
    cells = _cells(condition, params)
    matching = _choosable(MATCHING_COLUMNS, condition, params)
    matched = [cell for cell, _ in cells if cell.hubs]
    eligible_by = breakdown([cell for _, cell in cells], context)
    if sample is None:
        guids = [row.guid for row in _first(matching, listed)]
        chosen, chosen_by = sum(cell.hubs for cell in matched), breakdown(matched, context)
    else:
        drawn = sql.rows(draw_sql(matching, plan_sample(sample, matched, context)))
        guids = [row.guid for row in drawn]
        chosen, chosen_by = len(guids), breakdown([_cell(row, hubs=1) for row in drawn], context)
    return HubSelection(
        eligible=sum(cell.hubs for _, cell in cells),
        matching=sum(cell.hubs for cell in matched),
        chosen=chosen,
        score=representativeness(chosen_by, eligible_by),
        distances=distance_by_dimension(chosen_by, eligible_by),
        chosen_by=chosen_by,
        eligible_by=eligible_by,
        guids=guids,
    )


def judge_choice(scope: Scope, *, rollout_id: int, guids: Sequence[int], as_of: date) -> HubSelection:
    """Return how well hubs named one by one stand for the organisation's eligible set."""
    context = criteria_context(_party(scope), as_of=as_of)
    condition = Sql("h.guid = ANY(%(chosen_guids)s)", {"chosen_guids": list(guids)})
    cells = _cells(condition, _params(scope, rollout_id))
    chosen_by = breakdown([cell for cell, _ in cells if cell.hubs], context)
    eligible_by = breakdown([cell for _, cell in cells], context)
    chosen = sum(cell.hubs for cell, _ in cells)
    return HubSelection(
        eligible=sum(cell.hubs for _, cell in cells),
        matching=chosen,
        chosen=chosen,
        score=representativeness(chosen_by, eligible_by),
        distances=distance_by_dimension(chosen_by, eligible_by),
        chosen_by=chosen_by,
        eligible_by=eligible_by,
        guids=list(guids),
    )


def _party(scope: Scope) -> int | None:
    return scope.organisation_id if scope.is_supplier else None


def _params(scope: Scope, rollout_id: int) -> dict[str, Any]:
    batches = Batch.objects.filter(rollout_id=rollout_id, kind=BatchKind.SAFE_LAUNCH)
    return {
        "rollout_id": rollout_id,
        "party_id": _party(scope),
        "batches": list(batches.values_list("pk", flat=True)),
    }


def _choosable(columns: str, condition: Sql, params: Mapping[str, Any]) -> Sql:
    chosen = sql.statement("rollouts", "choosable_hubs", columns=Sql(columns), condition=condition)
    return Sql(chosen.text, {**chosen.params, **params})


def _cells(condition: Sql, params: Mapping[str, Any]) -> list[tuple[Cell, Cell]]:
    """Count by cell, in one pass: those that meet the condition, and all."""
    judged = _choosable(f"{MATCHING_COLUMNS}, ({condition.text}) AS is_match", Sql("true"), params)
    counted = sql.statement("rollouts", "judged_cells", columns=Sql(cell_columns("m")), judged=judged)
    rows = sql.rows(counted, condition.params)
    return [(_cell(row, hubs=row.matched), _cell(row, hubs=row.hubs)) for row in rows]


def _first(matching: Sql, listed: int) -> list[Any]:
    if not listed:
        return []
    return sql.rows(Sql(f"{matching.text} ORDER BY h.guid LIMIT {int(listed)}", matching.params))


def _cell(row: Any, *, hubs: int) -> Cell:
    return Cell(row.region, row.cpl_entry_id, row.device_model_id, row.supply, hubs)
