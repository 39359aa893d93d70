"""Counting a set of hubs by the four dimensions of a sample: region, version, band and supply.

A cell is what one GROUP BY returns, in ids; its categories are what people read. A dimension
that is not known for a hub is a category of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from portal.kernel.statements import Sql, statement
from rollouts.rules.criteria.compiling import supply_sql
from rollouts.rules.criteria.facts import Context, HubFacts
from rollouts.rules.criteria.matching import supply_of
from rollouts.rules.criteria.scoring import DIMENSIONS
from rollouts.rules.criteria.vocabulary import REGIONS, SUPPLIES

NOT_KNOWN: Final = "NOT_KNOWN"

#: What a statement under `count_cells` and the samplers must select from `rollouts_hub AS h`.
MATCHING_COLUMNS: Final = (
    "h.guid, h.region, h.cpl_entry_id, h.device_model_id, h.import_supplier_id, h.gas_supplier_id"
)

_REGION_CODES: Final = {choice.stored: choice.code for choice in REGIONS}
_SUPPLY_CODES: Final = {choice.stored: choice.code for choice in SUPPLIES}


class Cell(NamedTuple):
    """How many hubs share one region, CPL entry, hub model and supply (0 where missing)."""

    region: int
    cpl_entry_id: int
    device_model_id: int
    supply: int
    hubs: int = 1


def cell_columns(alias: str) -> str:
    """Return the four columns of a cell, for a relation with `MATCHING_COLUMNS`."""
    return (
        f"{alias}.region::integer AS region, coalesce({alias}.cpl_entry_id, 0) AS cpl_entry_id,"
        f" coalesce({alias}.device_model_id, 0) AS device_model_id,"
        f" coalesce({supply_sql(alias)}, 0) AS supply"
    )


def count_cells(matching: Sql) -> Sql:
    """Return the statement that counts the matching hubs by cell; its rows make `Cell`s."""
    return statement("rollouts", "count_cells", columns=Sql(cell_columns("m")), matching=matching)


def cell_of(hub: HubFacts) -> Cell:
    """Return the cell one hub belongs to: the twin of `cell_columns`."""
    return Cell(
        region=hub.region,
        cpl_entry_id=hub.cpl_entry_id or 0,
        device_model_id=hub.device_model_id or 0,
        supply=supply_of(hub.import_supplier_id, hub.gas_supplier_id) or 0,
    )


def categories(cell: Cell, context: Context) -> dict[str, str]:
    """Name the category of a cell in each dimension."""
    model = context.models.get(cell.device_model_id)
    return {
        "region": _REGION_CODES.get(cell.region, NOT_KNOWN),
        "version": context.versions.get(cell.cpl_entry_id) or NOT_KNOWN,
        "band": (model and model.band) or NOT_KNOWN,
        "supply": _SUPPLY_CODES.get(cell.supply, NOT_KNOWN),
    }


def breakdown(cells: Iterable[Cell], context: Context) -> dict[str, dict[str, int]]:
    """Count hubs by category of each dimension: what `representativeness` takes and a preview shows."""
    counts: dict[str, Counter[str]] = {dimension: Counter() for dimension in DIMENSIONS}
    for cell in cells:
        for dimension, category in categories(cell, context).items():
            counts[dimension][category] += cell.hubs
    return {dimension: dict(sorted(counter.items())) for dimension, counter in counts.items()}
