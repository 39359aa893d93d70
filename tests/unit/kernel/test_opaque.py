"""What leaves the portal in place of a number says nothing, and can be read back by the portal alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel import opaque, paging
from portal.kernel.paging import BadCursor


@given(st.binary(max_size=200))
def test_octets_come_back_as_they_were(plain):
    assert opaque.reveal(opaque.conceal(plain, about="cursor"), about="cursor") == plain


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
