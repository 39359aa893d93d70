"""Searching from any page, by keyboard alone, and without scripts by its page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.kernel.guid import Guid
from tests.browser.scenes import make_scene
from tests.browser.test_pages import photograph

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(live_server):
    return make_scene(now=datetime.now(UTC))


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("key", ["/", "Control+k"])
def test_a_hub_is_opened_by_keyboard_from_any_page(
    live_server, open_page, log_in, axe, fits, scene, width, key
):
    page = open_page(width=width)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/rollouts/")
    dialog = page.get_by_role("dialog", name="Search everywhere")

    page.keyboard.press(key)
    dialog.wait_for()
    page.keyboard.type("00-00-00-0")
    dialog.get_by_role("heading", name="Hubs whose GUID ends so").or_(
        dialog.get_by_text("Nothing was")
    ).wait_for()
    page.keyboard.type("3")
    dialog.get_by_role("link", name=str(Guid.from_db(scene.world.guid(3)))).wait_for()
    fits(page)
    axe(page)
    photograph(page, "search-dialog", width)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/hubs/{Guid.from_db(scene.world.guid(3))}/")


def test_escape_and_close_leave_the_page_as_it_was(live_server, open_page, log_in, scene):
    page = open_page()
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/estate/")
    dialog = page.get_by_role("dialog", name="Search everywhere")
    page.get_by_role("link", name="Search", exact=True).click()
    dialog.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")

    page.get_by_label("GUID, its beginning").fill("00/")
    page.get_by_label("GUID, its beginning").press("/")

    assert not dialog.is_visible()
    assert page.url == f"{live_server.url}/estate/"


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("text", ["00-DB", "nothing 12"])
def test_the_page_of_results_is_read_without_scripts(
    live_server, open_page, log_in, axe, fits, scene, width, text
):
    page = open_page(width=width, java_script_enabled=False)
    log_in(page, scene.world.supplier_user)
    page.goto(f"{live_server.url}/")
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("main").get_by_role("searchbox").fill(text)
    page.get_by_role("main").get_by_role("button", name="Search").click()

    assert page.get_by_role("main").get_by_role("status").is_visible()
    fits(page)
    judged = open_page(width=width)
    log_in(judged, scene.world.supplier_user)
    judged.goto(page.url)
    axe(judged)
    photograph(judged, f"search-{text[:3]}", width)
