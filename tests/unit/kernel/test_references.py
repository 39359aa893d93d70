"""What stands outside in the place of an id says nothing, is one to one, and is read back by the portal alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel import references
from portal.kernel.references import NotAReference, number_of, reference_of
from portal.rest.fields import StrictSerializer
from portal.rest.references import ReferenceField

pytestmark = pytest.mark.requirement("R3.3")
ids = st.integers(min_value=1, max_value=references.HIGHEST)


@given(ids)
def test_an_id_comes_back_as_it_was(number):
    reference = reference_of(number, "incident")

    assert re.fullmatch(references.PATTERN, reference)
    assert number_of(reference, "incident") == number


def test_neighbours_share_nothing_to_count_by():
    made = [reference_of(number, "incident") for number in range(1, 2_001)]

    assert len(set(made)) == 2_000
    assert made != sorted(made)
    for place in range(1, 13):
        signs = [reference[place] for reference in made]
        assert max(signs.count(sign) for sign in set(signs)) < 120  # of 62.5 to be expected


@given(ids)
def test_a_reference_of_one_kind_is_none_of_another(number):
    with pytest.raises(NotAReference):
        number_of(reference_of(number, "incident"), "webhook")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "17",
        "0" * 13,
        "1" * 12,
        "1" * 14,
        "Z" * 13,
        "I" * 13,
        "é" * 13,
        "4F7QK2M9XT0B ",
        "4f7qk2m9xt0bz",
    ],
)
def test_what_is_not_ours_is_refused(text):
    with pytest.raises(NotAReference):
        number_of(text, "incident")


def test_a_reference_outlives_a_new_key_where_the_former_is_still_read(settings):
    reference = reference_of(7, "incident")
    former, settings.REFERENCE_KEY = settings.REFERENCE_KEY, "another key altogether"

    assert reference_of(7, "incident") != reference
    with pytest.raises(NotAReference):
        number_of(reference, "incident")
    settings.REFERENCE_KEY_FALLBACKS = [former]
    assert number_of(reference, "incident") == 7


def test_a_body_names_a_thing_by_its_reference_and_what_only_looks_like_one_is_nothing():
    class BodySerializer(StrictSerializer):
        """Names an incident."""

        into_id = ReferenceField("incident")

    def read(given: object) -> object:
        body = BodySerializer(data={"into_id": given})
        return body.validated_data["into_id"] if body.is_valid() else "refused"

    assert read(reference_of(7, "incident")) == 7
    assert read(reference_of(7, "webhook")) == references.NOTHINGS_ID
    assert {read(given) for given in (7, "7", "", None, ["7"], "x" * 13)} == {"refused"}
