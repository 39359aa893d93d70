"""The days of a chart lead to the hubs they count: by pointer, by keyboard, and by the table beside them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.browser.accounts import photograph
from tests.browser.scenes import make_scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R4.9")]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_day_of_a_chart_is_opened_by_its_bar(live_server, open_page, log_in, axe, fits, width):
    scene = make_scene(now=datetime.now(UTC))
    for who in ("supplier_user", "operator_user"):
        page = open_page(width=width)
        log_in(page, getattr(scene.world, who))
        page.goto(f"{live_server.url}/rollouts/{scene.moving.pk}/")
        days = page.locator("[data-steps] a")
        hubs = sum(
            int(part.rsplit(" ", 1)[1].replace(",", ""))
            for part in days.first.get_attribute("aria-label").split(": ")[1].split(", ")
        )
        fits(page)
        axe(page)
        photograph(page, f"chart-{who}")

        days.first.click()
        page.wait_for_url("**/hubs/?state=MOVING**")
        assert page.locator("#hubs tbody tr").count() == min(hubs, 50)
        fits(page)
        axe(page)
        photograph(page, f"hubs-of-a-day-{who}")
        page.close()


def test_the_keyboard_goes_from_day_to_day(live_server, open_page, log_in, axe):
    scene = make_scene(now=datetime.now(UTC))
    page = open_page()
    log_in(page, scene.world.operator_user)
    page.goto(f"{live_server.url}/")
    days = page.locator("[data-steps] a")
    assert days.count() > 1
    assert [day.get_attribute("tabindex") for day in days.all()] == ["0", *["-1"] * (days.count() - 1)]

    days.first.focus()
    page.keyboard.press("ArrowRight")
    assert days.nth(1).evaluate("day => day === document.activeElement")
    photograph(page, "chart-keyboard")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    assert days.first.evaluate("day => day === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_url("**/activations/?day=*")
    axe(page)
    photograph(page, "activations-of-a-day")


def test_without_scripts_each_day_can_be_reached(live_server, open_page, log_in):
    scene = make_scene(now=datetime.now(UTC))
    page = open_page(java_script_enabled=False)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/rollouts/{scene.moving.pk}/")

    page.get_by_text("Show as a table").last.click()
    page.locator(".chart__data[open] tbody td a").first.click()

    page.wait_for_url("**/hubs/?state=MOVING**")
    assert page.locator("#hubs tbody tr").count()
