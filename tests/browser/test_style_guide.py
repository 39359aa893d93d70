"""Every component in every state, in a real browser: accessible, within the window, under the strict policy."""

from __future__ import annotations

import pytest

pytestmark = [
    pytest.mark.urls("portal.kernel.presentation.styleguide"),
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.parametrize("width", [1280, 390])
def test_every_component_is_accessible_and_fits(live_server, open_page, axe, fits, width):
    page = open_page(width=width)

    answer = page.goto(f"{live_server.url}/styleguide/")

    assert answer.status == 200
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    fits(page)
    axe(page)


def test_every_component_is_accessible_with_its_tables_open(live_server, open_page, axe, fits):
    page = open_page(width=390)
    page.goto(f"{live_server.url}/styleguide/")

    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true })")

    fits(page)
    axe(page)


def test_the_user_menu_closes_on_escape_and_gives_the_focus_back(live_server, page):
    page.goto(f"{live_server.url}/styleguide/")
    menu = page.locator("details.user-menu")

    page.locator(".user-menu summary").click()
    assert menu.get_attribute("open") is not None
    page.keyboard.press("Escape")

    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_ticking_the_head_of_a_table_ticks_the_column(live_server, page):
    page.goto(f"{live_server.url}/styleguide/")

    page.locator("[data-check-all]").check()

    assert page.locator("tbody input[type=checkbox]:checked").count() == 7


def test_the_first_tab_leads_past_the_navigation(live_server, page):
    page.goto(f"{live_server.url}/styleguide/")
    page.evaluate("document.activeElement.blur()")  # the form with errors takes the focus to its summary

    page.locator(".govuk-skip-link").press("Enter")

    assert page.evaluate("document.activeElement.id") == "main-content"


def test_without_scripts_everything_is_still_there(live_server, open_page, fits):
    page = open_page(java_script_enabled=False)

    page.goto(f"{live_server.url}/styleguide/")

    assert page.locator("h1").inner_text() == "WNC SC · 0C230000"
    assert page.locator("input[type=file]").first.is_visible()
    page.locator(".chart__data summary").first.click()
    assert page.locator(".chart__data table").first.is_visible()
