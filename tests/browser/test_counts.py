"""Counts agree with the list beside them, also where scripts renew the list alone."""

from __future__ import annotations

import pytest

from tests.factories import make_world

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_count_beside_the_filters_is_that_of_the_list(live_server, open_page, log_in, scripts):
    world = make_world()
    page = open_page(java_script_enabled=scripts)
    log_in(page, world.supplier_user)
    page.goto(f"{live_server.url}/estate/")
    words, rows = (
        page.locator("#filter-words"),
        page.locator("#estate .hub-table tbody tr, #estate tbody tr:has(.guid)"),
    )
    every = rows.count()
    assert words.inner_text() == f"{every} hubs"

    page.get_by_label("Second Supplier").first.select_option("yes")
    if not scripts:
        page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**split=yes**")

    page.wait_for_function(
        "before => document.querySelector('#filter-words').textContent !== before", arg=f"{every} hubs"
    )
    assert 0 < rows.count() < every
    assert words.inner_text() == f"{rows.count()} hubs"
