"""Hubs ticked in a list, in a real browser: with scripts and without, on a wide screen and on a telephone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.kernel.guid import Guid
from rollouts.models import HubLabel
from tests.browser.scenes import make_scene
from tests.browser.test_pages import photograph

pytestmark = [pytest.mark.django_db(transaction=True)]

CLIPPED = """() => [...document.querySelectorAll('.table-scroll')]
  .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible')
  .map(each => `${each.ariaLabel}: ${each.scrollWidth} in ${each.clientWidth}`)"""


@pytest.fixture
def scene(live_server):
    return make_scene(now=datetime.now(UTC))


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("actor", ["supplier", "operator"])
def test_lists_of_hubs_fit_and_are_cards_on_a_telephone(
    live_server, open_page, log_in, axe, fits, scene, actor, width
):
    page = open_page(width=width)
    log_in(page, getattr(scene.world, f"{actor}_user"))
    for name, path in {"estate": "/estate/", "hubs": f"/rollouts/{scene.moving.pk}/hubs/"}.items():
        page.goto(f"{live_server.url}{path}")
        page.get_by_role("table", name="Hubs").or_(
            page.get_by_role("table", name="Hubs of this rollout")
        ).wait_for()
        photograph(page, f"{actor}-list-{name}", width)

        assert page.evaluate(CLIPPED) == []
        fits(page)
        axe(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_hubs_are_ticked_and_instructed(live_server, open_page, log_in, axe, fits, scene, scripts):
    page = open_page(java_script_enabled=scripts)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/rollouts/{scene.notified.pk}/hubs/")
    for number in (3, 4):
        page.get_by_role("checkbox", name=f"Tick {Guid.from_db(scene.world.guid(number))}").check()
    if scripts:
        assert page.locator(".select-bar__count").inner_text() == "2 ticked"
    page.get_by_role("button", name="Instruct").click()
    page.wait_for_url("**/instruct/?selected=*")

    assert page.get_by_label("The hubs I selected in a list: 2").is_checked()
    page.get_by_label("No preference").check()
    page.get_by_role("button", name="Check").click()

    assert page.get_by_role("button", name="Submit 2 hubs").or_(page.get_by_text("2 hubs")).first.is_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_columns_labels_and_order_by_keyboard(live_server, open_page, log_in, axe, fits, scene, width):
    page = open_page(width=width)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/estate/")
    page.get_by_text("Columns", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Your labels", exact=True).check()
    page.get_by_label("Second Supplier", exact=True).last.uncheck()
    photograph(page, "columns-open", width)
    axe(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state()
    page.get_by_label("All 480 hubs that match").check()
    page.get_by_label("Label", exact=True).fill("tower block")
    page.get_by_role("button", name="Put on").click()
    page.wait_for_load_state()

    assert HubLabel.objects.filter(label="tower block").count() == 480
    assert page.get_by_role("cell", name="tower block").count() >= 1 or width < 641
    photograph(page, "labelled", width)
    page.get_by_role("link", name="Your labels", exact=True).click()
    page.wait_for_url("**/estate/labels/")
    fits(page)
    axe(page)
    photograph(page, "labels", width)
