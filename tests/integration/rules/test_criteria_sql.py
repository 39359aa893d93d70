"""The SQL of a rule chooses exactly what the Python of it chooses, on real rows."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.kernel import sql
from rollouts.rules.criteria import (
    DIMENSIONS,
    MATCHING_COLUMNS,
    Cell,
    Context,
    HubFacts,
    Milestone,
    Milestones,
    SampleSpec,
    Sql,
    Subject,
    TimePolicy,
    breakdown,
    cell_of,
    compile_hub,
    count_cells,
    draw,
    draw_sql,
    matches,
    parse,
    plan_nights,
    plan_sample,
    sampling,
    spread,
    spread_sql,
)
from rollouts.rules.criteria.hashing import MAX_SEED, shuffle_key, shuffle_sql
from tests.factories.criteria import AS_OF, CONTEXT, ME, MODELS, OTHER, VERSIONS, hubs, trees
from tests.scenery import as_owner

HUB_COLUMNS = (
    "guid",
    "region",
    "smi_status",
    "cpl_entry_id",
    "device_model_id",
    "import_supplier_id",
    "gas_supplier_id",
    "commissioned_on",
    "installed_on",
    "han_devices",
    "postcode_area",
)
EVERY_HUB = Sql(f"SELECT {MATCHING_COLUMNS} FROM rollouts_hub AS h", {})

pytestmark = pytest.mark.django_db

database_examples = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def store(estate: Sequence[HubFacts]) -> None:
    """Let the inventory hold these hubs, and no others."""
    sql.run("DELETE FROM rollouts_hub")
    sql.run("DELETE FROM rollouts_hublabel")
    with as_owner():
        sql.copy_rows(
            "rollouts_hub", HUB_COLUMNS, ([getattr(hub, name) for name in HUB_COLUMNS] for hub in estate)
        )
    put_labels((ME, label, hub.guid) for hub in estate for label in hub.labels)


def put_labels(labels: Iterable[tuple[int, str, int]]) -> None:
    with as_owner():
        sql.copy_rows("rollouts_hublabel", ("organisation_id", "label", "guid"), labels)


def some_estate(size: int, *, seed: int = 5) -> list[HubFacts]:
    """Hubs with lopsided shares, and GUIDs that come in runs as real ones do."""
    dice = random.Random(seed)
    return [
        HubFacts(
            guid=0x00DB_1234_0000_0000 - 2**63 + number + (number // 100) * 5000,
            region=dice.choices((1, 2, 3, 6), (60, 30, 9, 1))[0],
            smi_status=4,
            cpl_entry_id=dice.choices((1, 2, 3), (70, 20, 10))[0],
            device_model_id=dice.choices((1, 2, 4), (80, 18, 2))[0],
            import_supplier_id=dice.choice((ME, ME, OTHER, None)),
            gas_supplier_id=dice.choice((ME, ME, ME, OTHER, None)),
            han_devices=dice.randrange(8),
            postcode_area="",
        )
        for number in range(size)
    ]


@pytest.mark.requirement("R2.2", "R3.10")
@given(
    documents=st.lists(trees(), min_size=4, max_size=8),
    estate=st.tuples(*(hubs(guid) for guid in range(-4, 4))),
    asks=st.sampled_from([ME, ME, OTHER, None]),
)
@database_examples
def test_sql_and_python_agree_on_every_hub(documents, estate, asks):
    context = Context(organisation_id=asks, as_of=AS_OF, versions=VERSIONS, models=MODELS)
    estate = [hub if asks == ME else hub.__class__(**_without_labels(hub)) for hub in estate]
    store(estate)

    for document in documents:
        criteria = parse(document, subject=Subject.HUB)
        fragment = compile_hub(criteria, context)
        rows = sql.rows(f"SELECT h.guid, {fragment.text} AS verdict FROM rollouts_hub AS h", fragment.params)

        verdicts = {row.guid: row.verdict for row in rows}
        assert verdicts == {hub.guid: matches(criteria, hub, context) for hub in estate}


def _without_labels(hub: HubFacts) -> dict[str, object]:
    return {name: getattr(hub, name) for name in HUB_COLUMNS}


@given(document=trees())
@database_examples
def test_two_fragments_fit_in_one_statement(document):
    criteria = parse(document, subject=Subject.HUB)
    first, second = compile_hub(criteria, CONTEXT, prefix="a"), compile_hub(criteria, CONTEXT, prefix="b")

    rows = sql.rows(
        f"SELECT 1 FROM rollouts_hub AS h WHERE {first.text} AND NOT {second.text}",
        {**first.params, **second.params},
    )

    assert rows == []
    assert not first.params.keys() & second.params.keys()


def test_another_suppliers_labels_are_never_looked_at():
    store(some_estate(3))
    put_labels((OTHER, "theirs", hub.guid) for hub in some_estate(3))
    fragment = compile_hub(
        parse({"field": "label", "op": "in", "value": ["theirs"]}, subject=Subject.HUB), CONTEXT
    )

    assert sql.rows(f"SELECT guid FROM rollouts_hub AS h WHERE {fragment.text}", fragment.params) == []


@given(guid=st.integers(-(2**63), 2**63 - 1), seed=st.integers(0, MAX_SEED))
@database_examples
def test_the_shuffle_is_the_same_in_both_languages(guid, seed):
    key = shuffle_sql("g.guid", seed)

    [row] = sql.rows(
        f"SELECT {key} AS key FROM (SELECT CAST(%(guid)s AS bigint) AS guid) AS g", {"guid": guid}
    )

    assert row.key == shuffle_key(guid, seed)


@pytest.mark.requirement("R2.2")
@given(
    size=st.integers(1, 400),
    seed=st.integers(0, MAX_SEED),
    strata=st.lists(st.sampled_from(DIMENSIONS), unique=True).map(tuple),
    hubs_present=st.integers(0, 500),
)
@settings(database_examples, max_examples=40)
def test_sql_and_python_draw_the_same_sample(size, seed, strata, hubs_present):
    estate = some_estate(hubs_present)
    store(estate)
    spec = SampleSpec(size=size, strata=strata, seed=seed)

    cells = [Cell(*row) for row in sql.rows(*_arguments(count_cells(EVERY_HUB)))]
    plan = plan_sample(spec, cells, CONTEXT)
    drawn = sql.rows(*_arguments(draw_sql(EVERY_HUB, plan)))

    assert tuple(row.guid for row in drawn) == draw(spec, estate, CONTEXT)
    assert len(drawn) == plan.size == min(size, hubs_present)
    by_guid = {hub.guid: cell_of(hub) for hub in estate}
    assert [Cell(*row[1:]) for row in drawn] == [by_guid[row.guid] for row in drawn]
    assert breakdown(cells, CONTEXT) == breakdown(map(cell_of, estate), CONTEXT)


@pytest.mark.requirement("R2.2")
@pytest.mark.parametrize("cut", [0, 2**20, 2**28])
def test_a_draw_that_looked_at_too_few_hubs_looks_at_them_all(monkeypatch, cut):
    estate = some_estate(2000)
    store(estate)
    spec = SampleSpec(size=150, seed=3)
    plan = plan_sample(spec, [Cell(*row) for row in sql.rows(*_arguments(count_cells(EVERY_HUB)))], CONTEXT)

    monkeypatch.setattr(sampling, "near_cut", lambda _stratum: cut)
    drawn = sql.rows(*_arguments(draw_sql(EVERY_HUB, plan)))

    assert tuple(row.guid for row in drawn) == draw(spec, estate, CONTEXT)


def test_a_draw_works_on_a_compiled_rule():
    estate = some_estate(1500)
    store(estate)
    sole = {"field": "supply", "op": "=", "value": "SOLE"}
    document = {"all": [sole, {"not": {"field": "region", "op": "=", "value": "NORTH"}}]}
    criteria = parse(document, subject=Subject.HUB)
    fragment = compile_hub(criteria, CONTEXT)
    matching = Sql(f"{EVERY_HUB.text} WHERE {fragment.text}", fragment.params)
    spec = SampleSpec(size=60, seed=9)

    plan = plan_sample(spec, [Cell(*row) for row in sql.rows(*_arguments(count_cells(matching)))], CONTEXT)
    drawn = sql.rows(*_arguments(draw_sql(matching, plan)))

    assert tuple(row.guid for row in drawn) == draw(
        spec, [hub for hub in estate if matches(criteria, hub, CONTEXT)], CONTEXT
    )


@pytest.mark.requirement("R3.10")
@pytest.mark.parametrize("per_night", [None, 70, 200])
def test_sql_and_python_put_hubs_on_the_same_nights(per_night):
    estate = some_estate(500)
    store(estate)
    now = datetime(2030, 3, 4, 10, 0, tzinfo=UTC)
    plan = plan_nights(
        TimePolicy(Milestone.NOTICE, 3, per_night=per_night, seed=8),
        Milestones(notified_at=now),
        hubs=len(estate),
        now=now,
        until=now + timedelta(days=7),
    )

    rows = sql.rows(*_arguments(spread_sql(EVERY_HUB, plan, seed=8)))

    placed = {row.guid: row.activate_at for row in rows}
    assert placed == spread([hub.guid for hub in estate], plan, seed=8)
    assert len(placed) == len(estate) - plan.left_over


def _arguments(statement: Sql) -> tuple[str, dict[str, object]]:
    return statement.text, dict(statement.params)
