"""Drawing a pilot: so many hubs, spread over strata, the same ones whenever the seed is the same.

Each stratum gets its share of the sample by largest remainder, and at least one hub where the
sample has room for one of each. Within a stratum hubs are taken in the order of the seeded
shuffle (`hashing`). One statement counts the cells, Python allots, a second statement draws:

    cells = [Cell(*row) for row in run(count_cells(matching))]
    plan = plan_sample(spec, cells, context)
    drawn = run(draw_sql(matching, plan))       # rows of (guid, region, cpl_entry_id, …)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.kernel.statements import Sql, statement
from rollouts.rules.criteria.cells import Cell, categories, cell_columns, cell_of
from rollouts.rules.criteria.facts import Context, HubFacts
from rollouts.rules.criteria.hashing import MAX_SEED, SPAN, shuffle_key, shuffle_sql
from rollouts.rules.criteria.reading import CriteriaProblem, InvalidCriteria
from rollouts.rules.criteria.scoring import DIMENSIONS

MAX_SAMPLE: Final = 100_000


@dataclass(frozen=True, slots=True)
class SampleSpec:
    """What a person asks for: how many hubs, spread over what, shuffled by which seed."""

    size: int
    strata: tuple[str, ...] = DIMENSIONS
    seed: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """Return the specification as JSON."""
        return {"size": self.size, "strata": list(self.strata), "seed": self.seed}


@dataclass(frozen=True, slots=True)
class Stratum:
    """One part of the matching hubs, and how many are drawn from it."""

    key: tuple[str, ...]
    hubs: int
    quota: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """How many hubs are drawn from where."""

    spec: SampleSpec
    population: int
    strata: tuple[Stratum, ...]

    @property
    def size(self) -> int:
        """Return how many hubs the sample has: what was asked, or all there are."""
        return min(self.spec.size, self.population)


def parse_sample(document: object) -> SampleSpec:
    """Read a specification; strata are put into their usual order.

    Raises:
        InvalidCriteria: with every problem of the document.
    """
    if not isinstance(document, Mapping):
        raise InvalidCriteria([CriteriaProblem("", "Give an object with size, strata and seed.")])
    problems = [
        CriteriaProblem(f"/{str(key)[:40]}", "Remove this: it means nothing here.")
        for key in document
        if key not in {"size", "strata", "seed"}
    ]
    size = document.get("size")
    if not _is_whole(size, 1, MAX_SAMPLE):
        problems.append(CriteriaProblem("/size", f"Give a whole number of hubs from 1 to {MAX_SAMPLE:,}."))
    seed = document.get("seed", 0)
    if not _is_whole(seed, 0, MAX_SEED):
        problems.append(CriteriaProblem("/seed", f"Give a whole number from 0 to {MAX_SEED:,}."))
    strata = document.get("strata", list(DIMENSIONS))
    if not isinstance(strata, list | tuple) or any(each not in DIMENSIONS for each in strata):
        problems.append(CriteriaProblem("/strata", f"List any of {', '.join(DIMENSIONS)}, or none."))
    if problems:
        raise InvalidCriteria(problems)
    return SampleSpec(
        size=document["size"], strata=tuple(each for each in DIMENSIONS if each in strata), seed=seed
    )


def plan_sample(spec: SampleSpec, cells: Iterable[Cell], context: Context) -> SamplePlan:
    """Allot the sample to the strata the cells fall into."""
    by_key: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        named = categories(cell, context)
        by_key.setdefault(tuple(named[dimension] for dimension in spec.strata), []).append(cell)
    keys = sorted(by_key)
    counts = [sum(cell.hubs for cell in by_key[key]) for key in keys]
    quotas = allot(spec.size, counts)
    strata = tuple(
        Stratum(key=key, hubs=hubs, quota=quota, cells=tuple(sorted(by_key[key])))
        for key, hubs, quota in zip(keys, counts, quotas, strict=True)
    )
    return SamplePlan(spec=spec, population=sum(counts), strata=strata)


def allot(size: int, counts: Sequence[int]) -> list[int]:
    """Share out a sample by largest remainder, at least one to each count where there is room.

    Ties go to the larger count, then to the earlier. What a small stratum is raised by, the
    stratum furthest above its exact share gives up. Never more than a count, and the sum is
    the size, or the sum of the counts if that is less.
    """
    total = sum(counts)
    size = min(size, total)
    if not size:
        return [0] * len(counts)
    quotas = [size * count // total for count in counts]
    by_remainder = sorted(
        range(len(counts)), key=lambda place: (-(size * counts[place] % total), -counts[place], place)
    )
    for place in by_remainder[: size - sum(quotas)]:
        quotas[place] += 1
    if size >= len(counts):
        _raise_empty(quotas, size=size, counts=counts, total=total)
    return quotas


def _raise_empty(quotas: list[int], *, size: int, counts: Sequence[int], total: int) -> None:
    for poor in [place for place, quota in enumerate(quotas) if not quota]:
        rich = max(
            (place for place, quota in enumerate(quotas) if quota > 1),
            key=lambda place: (quotas[place] * total - size * counts[place], counts[place], -place),
        )
        quotas[rich] -= 1
        quotas[poor] = 1


def draw(spec: SampleSpec, hubs: Sequence[HubFacts], context: Context) -> tuple[int, ...]:
    """Draw the sample in Python: the twin of `draw_sql`, in the order of GUIDs."""
    plan = plan_sample(spec, _counted(hubs), context)
    key_by_cell = {cell[:4]: stratum.key for stratum in plan.strata for cell in stratum.cells}
    by_key: dict[tuple[str, ...], list[int]] = {stratum.key: [] for stratum in plan.strata}
    for hub in hubs:
        by_key[key_by_cell[cell_of(hub)[:4]]].append(hub.guid)
    drawn: list[int] = []
    for stratum in plan.strata:
        shuffled = sorted(by_key[stratum.key], key=lambda guid: (shuffle_key(guid, spec.seed), guid))
        drawn += shuffled[: stratum.quota]
    return tuple(sorted(drawn))


def draw_sql(matching: Sql, plan: SamplePlan) -> Sql:
    """Return the statement that draws the planned sample: its rows are the drawn hubs, by GUID.

    `matching` selects `MATCHING_COLUMNS` of the hubs to choose from; rows carry the GUID and
    the columns of a `Cell`, ready for `breakdown`. Run it in the snapshot of `count_cells`, or
    accept that hubs changed in between fall out of the sample.
    """
    columns = ("region", "cpl_entry_id", "device_model_id", "supply", "stratum", "quota", "cut")
    rows = [
        (*cell[:4], number, stratum.quota, near_cut(stratum))
        for number, stratum in enumerate(plan.strata)
        for cell in stratum.cells
        if stratum.quota
    ]
    params: dict[str, object] = {
        f"sample_{name}": [row[position] for row in rows] for position, name in enumerate(columns)
    }
    drawn = statement(
        "rollouts",
        "draw_sample",
        matching=matching,
        columns=Sql(cell_columns("m")),
        key=Sql(shuffle_sql("m.guid", plan.spec.seed)),
    )
    return Sql(drawn.text, {**drawn.params, **params, "sample_size": plan.size})


def near_cut(stratum: Stratum) -> int:
    """Return a shuffle key below which the quota of a stratum lies, but for a chance of one in 10**9."""
    wanted = stratum.quota + 6 * math.sqrt(stratum.quota) + 30
    return min(SPAN, math.ceil(SPAN * wanted / stratum.hubs))


def _counted(hubs: Iterable[HubFacts]) -> list[Cell]:
    counts: dict[Cell, int] = {}
    for hub in hubs:
        cell = cell_of(hub)
        counts[cell] = counts.get(cell, 0) + 1
    return [cell._replace(hubs=count) for cell, count in counts.items()]


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
