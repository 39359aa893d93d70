"""Lists on a telephone: filters in one line that says how many are set, and hubs in a few lines each."""

from __future__ import annotations

import pytest

from tests.browser.accounts import photograph
from tests.factories import make_world

pytestmark = [pytest.mark.django_db(transaction=True)]
MOST_PIXELS_A_HUB = 150


def test_filters_are_folded_and_say_how_many_are_set(live_server, open_page, log_in, axe, fits):
    world = make_world(hubs=120)
    page = open_page(width=390)
    log_in(page, world.supplier_user)
    page.goto(f"{live_server.url}/estate/?region=2")
    fold = page.get_by_role("button", name="Filters")
    assert fold.inner_text().split() == ["Filters", "1", "set"]
    assert not page.get_by_label("Second Supplier").first.is_visible()
    rows = page.locator(".hub-table tbody tr")
    assert rows.count() == 50
    assert page.locator(".hub-table").bounding_box()["height"] < MOST_PIXELS_A_HUB * rows.count()
    fits(page)
    photograph(page, "telephone-estate")

    fold.click()
    page.get_by_label("Second Supplier").first.select_option("yes")
    page.wait_for_url("**split=yes**")

    assert fold.inner_text().split() == ["Filters", "2", "set"]
    assert fold.get_attribute("aria-expanded") == "true"
    axe(page)
    photograph(page, "telephone-filters")
    page.reload()  # folded again
    assert not page.get_by_label("Second Supplier").first.is_visible()
    axe(page)


def test_without_scripts_all_filters_stand_open(live_server, open_page, log_in):
    world = make_world()
    page = open_page(width=390, java_script_enabled=False)
    log_in(page, world.supplier_user)
    page.goto(f"{live_server.url}/estate/")

    assert page.get_by_label("Second Supplier").first.is_visible()
    assert not page.get_by_role("button", name="Filters").is_visible()
