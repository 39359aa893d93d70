"""Samples that stand for their set: shares, shuffles, and the score."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.rules.criteria import (
    DIMENSIONS,
    Context,
    HubFacts,
    InvalidCriteria,
    SampleSpec,
    allot,
    breakdown,
    cell_of,
    distance_by_dimension,
    draw,
    parse_sample,
    plan_sample,
    representativeness,
)
from rollouts.rules.criteria.hashing import MAX_SEED, SPAN, shuffle_key
from tests.factories.criteria import CONTEXT, hubs

FIRST_GUID = 0x00DB_1234_0000_0000 - 2**63


class TestAllotment:
    @given(size=st.integers(0, 500), counts=st.lists(st.integers(1, 300), max_size=40))
    def test_a_sample_is_shared_out_whole_and_fairly(self, size, counts):
        quotas = allot(size, counts)

        size = min(size, sum(counts))
        assert sum(quotas) == size
        assert all(0 <= quota <= count for quota, count in zip(quotas, counts, strict=True))
        if size >= len(counts):
            assert all(quotas)
        assert quotas == allot(size, counts)

    def test_shares_go_by_largest_remainder(self):
        # Exact shares 4.7, 3.2, 2.1: the one hub left over goes to the remainder of 0.7.
        assert allot(10, [47, 32, 21]) == [5, 3, 2]

    def test_a_rare_stratum_has_at_least_one_hub(self):
        assert allot(10, [1000, 1000, 1, 1]) == [4, 4, 1, 1]

    def test_without_room_for_one_of_each_the_shares_alone_decide(self):
        assert allot(2, [10, 1, 30, 1]) == [1, 0, 1, 0]
        assert allot(2, [1, 1, 300, 1]) == [0, 0, 2, 0]
        assert allot(3, [10, 10, 10, 10]) == [1, 1, 1, 0]


class TestShuffle:
    def test_runs_of_guids_are_spread_evenly(self):
        keys = [shuffle_key(FIRST_GUID + number, 7) for number in range(64_000)]

        in_each_part = Counter(key * 64 // SPAN for key in keys)
        chi_squared = sum((in_each_part[part] - 1000) ** 2 / 1000 for part in range(64))
        assert chi_squared < 120  # 63 degrees of freedom: more is a chance of 1 in 50,000

    def test_neighbours_are_not_drawn_together(self):
        front = {n for n in range(100_000) if shuffle_key(FIRST_GUID + n, 7) < SPAN // 100}

        pairs = sum(n + 1 in front for n in front)
        assert len(front) == pytest.approx(1000, abs=150)
        assert pairs == pytest.approx(10, abs=15)

    def test_another_seed_draws_other_hubs(self):
        fronts = [
            {n for n in range(20_000) if shuffle_key(FIRST_GUID + n, seed) < SPAN // 10} for seed in (1, 2)
        ]

        assert len(fronts[0] & fronts[1]) == pytest.approx(200, abs=75)

    @given(guid=st.integers(-(2**63), 2**63 - 1), seed=st.integers(0, MAX_SEED))
    def test_keys_stay_in_their_span(self, guid, seed):
        assert 0 <= shuffle_key(guid, seed) < SPAN

    def test_the_order_of_a_seed_never_changes(self):
        # Saved rules name a seed: another order would make another sample of them.
        assert [shuffle_key(guid, 42) for guid in (FIRST_GUID, -1, 0)] == [1269548199, 2956272064, 3611988655]


@pytest.mark.requirement("R2.2")
class TestDrawing:
    @given(
        estate=st.integers(1, 30).flatmap(lambda n: st.tuples(*(hubs(guid) for guid in range(n)))),
        size=st.integers(1, 30),
        seed=st.integers(0, MAX_SEED),
    )
    def test_a_draw_depends_on_nothing_but_hubs_and_seed(self, estate, size, seed):
        spec = SampleSpec(size=size, seed=seed)

        drawn = draw(spec, estate, CONTEXT)

        assert drawn == draw(spec, estate[::-1], CONTEXT)
        assert len(set(drawn)) == len(drawn) == min(size, len(estate))

    def test_a_stratified_sample_scores_better_than_one_region(self):
        estate = [
            HubFacts(guid=number, region=1 + number % 3, smi_status=4, cpl_entry_id=1 + number % 2)
            for number in range(600)
        ]
        population = breakdown(map(cell_of, estate), CONTEXT)
        drawn = set(draw(SampleSpec(size=60, seed=1), estate, CONTEXT))

        spread_out = breakdown([cell_of(hub) for hub in estate if hub.guid in drawn], CONTEXT)
        one_region = breakdown([cell_of(hub) for hub in estate if hub.region == 1], CONTEXT)

        assert representativeness(spread_out, population) == 1.0
        assert representativeness(one_region, population) == pytest.approx(1 - (2 / 3) / 4)

    def test_strata_are_versions_not_catalogue_entries(self):
        estate = [HubFacts(guid=n, region=1, smi_status=4, cpl_entry_id=2 + n % 2) for n in range(4)]

        plan = plan_sample(SampleSpec(size=2, strata=("version",)), map(cell_of, estate), CONTEXT)

        assert [(stratum.key, stratum.hubs, stratum.quota) for stratum in plan.strata] == [
            (("0C220000",), 4, 2)
        ]

    def test_a_hub_of_unknown_kind_is_a_category_of_its_own(self):
        nowhere = Context(organisation_id=None, as_of=CONTEXT.as_of)

        assert breakdown([cell_of(HubFacts(guid=1, region=99, smi_status=4))], nowhere) == {
            dimension: {"NOT_KNOWN": 1} for dimension in DIMENSIONS
        }


class TestSpecifications:
    def test_what_is_read_is_written_back(self):
        document = {"size": 300, "strata": ["supply", "region"], "seed": 5}

        spec = parse_sample(document)

        assert spec == SampleSpec(size=300, strata=("region", "supply"), seed=5)
        assert parse_sample(spec.document) == spec

    def test_every_problem_is_named(self):
        with pytest.raises(InvalidCriteria) as refused:
            parse_sample({"size": 0, "strata": ["colour", []], "seed": -1, "shape": "round"})

        assert [problem.path for problem in refused.value.problems] == ["/shape", "/size", "/seed", "/strata"]

    @pytest.mark.parametrize("document", [None, [], "300", {"size": True}, {"size": 1.0}])
    def test_other_shapes_are_refused(self, document):
        with pytest.raises(InvalidCriteria):
            parse_sample(document)


@pytest.mark.requirement("R2.2")
class TestScore:
    POPULATION = {
        "region": {"NORTH": 60, "SOUTH": 40},
        "version": {"0C210000": 100},
        "band": {"SINGLE": 50, "DUAL": 50},
        "supply": {"SOLE": 80, "SPLIT": 20},
    }

    def test_the_worked_value(self):
        sample = {
            "region": {"NORTH": 8, "SOUTH": 2},  # half of |0.8 - 0.6| + |0.2 - 0.4| = 0.2
            "version": {"0C210000": 10},  # 0
            "band": {"SINGLE": 10},  # half of |1 - 0.5| + |0 - 0.5| = 0.5
            "supply": {"SOLE": 7, "SPLIT": 3},  # half of |0.7 - 0.8| + |0.3 - 0.2| = 0.1
        }

        assert distance_by_dimension(sample, self.POPULATION) == {
            "region": 0.2,
            "version": 0.0,
            "band": 0.5,
            "supply": 0.1,
        }
        assert representativeness(sample, self.POPULATION) == pytest.approx(1 - (0.2 + 0 + 0.5 + 0.1) / 4)
        assert representativeness(sample, self.POPULATION) == pytest.approx(0.8)

    def test_equal_shares_score_exactly_one(self):
        tenth = {
            name: {key: n // 10 for key, n in counts.items()} for name, counts in self.POPULATION.items()
        }

        assert representativeness(tenth, self.POPULATION) == 1.0

    def test_nothing_in_common_and_nothing_at_all_score_nought(self):
        elsewhere = {name: {"ELSEWHERE": 5} for name in DIMENSIONS}

        assert representativeness(elsewhere, self.POPULATION) == 0.0
        assert representativeness({}, self.POPULATION) == 0.0

    @given(
        sample=st.fixed_dictionaries(
            {name: st.dictionaries(st.sampled_from("abc"), st.integers(0, 50)) for name in DIMENSIONS}
        ),
        population=st.fixed_dictionaries(
            {name: st.dictionaries(st.sampled_from("abc"), st.integers(0, 50)) for name in DIMENSIONS}
        ),
    )
    def test_scores_lie_between_nought_and_one(self, sample, population):
        assert 0 <= representativeness(sample, population) <= 1
