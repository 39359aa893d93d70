"""What leaves the portal in place of a number says nothing, and can be read back by the portal alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel import opaque, paging
from portal.kernel.paging import BadCursor


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_number_comes_back_as_it_was(number):
    hidden = opaque.conceal_number(number, about="export")

    assert len(hidden) == 32
    assert opaque.reveal_number(hidden, about="export") == number


@given(st.binary(max_size=200))
def test_octets_come_back_as_they_were(plain):
    assert opaque.reveal(opaque.conceal(plain, about="cursor"), about="cursor") == plain


def test_neighbours_share_nothing_to_count_by():
    hidden = [opaque.conceal_number(number, about="export") for number in range(1_000, 1_100)]

    assert hidden != sorted(hidden)
    for place in range(0, 32, 8):
        assert len({each[place : place + 8] for each in hidden}) == 100


def test_the_same_number_looks_the_same_and_another_use_of_it_differs():
    assert opaque.conceal_number(7, about="export") == opaque.conceal_number(7, about="export")
    assert opaque.conceal_number(7, about="export") != opaque.conceal_number(7, about="notice")


@pytest.mark.parametrize(
    "text",
    ["", "x", "0" * 32, "zz" * 16, "0" * 31, "0" * 34, opaque.conceal_number(7, about="notice"), "é" * 32],
)
def test_what_is_not_ours_is_refused(text):
    with pytest.raises(opaque.NotRevealable):
        opaque.reveal_number(text, about="export")


def test_a_number_has_one_spelling():
    hidden = opaque.conceal_number(11, about="export")

    for other in {hidden.upper(), f" {hidden}", f"{hidden[:2]} {hidden[2:]}"} - {hidden}:
        with pytest.raises(opaque.NotRevealable):
            opaque.reveal_number(other, about="export")


def test_a_former_key_is_understood_while_it_is_kept(settings):
    hidden = opaque.conceal_number(7, about="export")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another key altogether"

    settings.SECRET_KEY_FALLBACKS = [former]
    assert opaque.reveal_number(hidden, about="export") == 7

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(opaque.NotRevealable):
        opaque.reveal_number(hidden, about="export")


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=40)), min_size=1, max_size=3))
def test_a_cursor_says_nothing_of_its_key(key):
    cursor = paging.keyed("list", 1).encode(*key)

    assert paging.keyed("list", 1).decode(cursor, size=len(key)) == tuple(key)
    with pytest.raises(BadCursor):
        paging.keyed("list", 1).decode(cursor[:-1] + ("A" if cursor[-1] != "A" else "B"), size=len(key))


@pytest.mark.parametrize("cursor", ["WzQyXQ", "!", "AAAA", "é", "=" * 4, "A" * 199])
def test_a_cursor_that_was_made_up_is_refused(cursor):
    with pytest.raises(BadCursor):
        paging.keyed("list", 1).decode(cursor, size=1)


def test_cursors_of_other_lists_and_organisations_look_nothing_alike_and_lead_nowhere():
    cursor = paging.keyed("incidents", 1).encode(7)
    others = [paging.keyed("audit", 1), paging.keyed("incidents", 2)]

    assert len({cursor, *(other.encode(7) for other in others)}) == 3
    for other in others:
        with pytest.raises(paging.BadCursor):
            other.decode(cursor, size=1)
