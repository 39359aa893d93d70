"""The Wilson interval: by worked values, and by what must hold of any sample."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.rules.rates import Z_95, Rate

samples = st.integers(1, 5_000_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("hits", "sample", "lower", "upper"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_it_gives_the_published_values(hits, sample, lower, upper):
    rate = Rate(hits, sample)

    assert rate.lower == pytest.approx(lower, abs=5e-5)
    assert rate.upper == pytest.approx(upper, abs=5e-5)


def test_an_empty_sample_says_nothing():
    assert (Rate(0, 0).share, Rate(0, 0).lower, Rate(0, 0).upper) == (None, 0.0, 1.0)


@given(samples)
def test_the_share_lies_within_its_interval_and_that_within_0_and_1(pair):
    rate = Rate(*pair)

    assert 0 <= rate.lower <= rate.share <= rate.upper <= 1


@given(samples)
def test_its_ends_solve_the_equation_they_come_from(pair):
    rate = Rate(*pair)

    for end in (rate.lower, rate.upper):
        assert abs(rate.share - end) == pytest.approx(Z_95 * sqrt(end * (1 - end) / rate.sample), abs=1e-6)


@given(samples, st.integers(2, 50))
def test_a_larger_sample_of_the_same_share_is_surer(pair, times):
    hits, sample = pair
    small, large = Rate(hits, sample), Rate(hits * times, sample * times)

    assert large.lower >= small.lower - 1e-12
    assert large.upper <= small.upper + 1e-12


def test_the_document_shows_the_sample():
    assert Rate(3, 10).document() == {
        "hits": 3,
        "sample": 10,
        "share": 0.3,
        "lower": 0.107791,
        "upper": 0.603222,
    }
