"""What a page looks like wherever it is opened: its typeface, its colours by day and by night."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.browser.scenes import make_scene

pytestmark = [pytest.mark.django_db(transaction=True)]

FACES = """async () => {
  await document.fonts.ready
  return [...document.fonts].filter(face => face.status === "loaded").map(face => face.family.replaceAll('"', ""))
}"""


def test_the_typeface_comes_from_the_portal_itself(live_server, page):
    fetched = []
    page.on("response", lambda answer: fetched.append((answer.url, answer.status)))

    page.goto(f"{live_server.url}/accounts/login/")

    assert page.evaluate(FACES) == ["Inter"]
    assert [status for url, status in fetched if url.endswith("/fonts/inter.woff2")] == [200]
    assert all(url.startswith((live_server.url, "data:")) for url, _ in fetched)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_long_page_leads_to_its_parts_and_keeps_them_in_sight(live_server, open_page, log_in, scripts):
    scene = make_scene(now=datetime.now(UTC))
    page = open_page(java_script_enabled=scripts)
    log_in(page, scene.world.operator_user)
    page.goto(f"{live_server.url}/rollouts/{scene.suspended.pk}/")
    index = page.get_by_role("navigation", name="On this page")
    parts = {link.inner_text(): link.get_attribute("href") for link in index.get_by_role("link").all()}

    assert list(parts) == [
        "Overview",
        "Hubs",
        "About",
        "Batches",
        "Consent",
        "Incidents and decisions",
        "Release Note",
        "Activity",
    ]
    assert all(page.locator(part).count() == 1 for part in parts.values())

    index.get_by_role("link", name="Activity").focus()
    page.keyboard.press("Enter")

    assert page.url.endswith("#activity")
    index.wait_for()
    bar, part = index.bounding_box(), page.locator("#activity").bounding_box()
    assert bar["y"] == 0
    assert bar["height"] <= part["y"] < 900


def test_the_index_of_a_page_keeps_its_focus_while_the_page_is_renewed(live_server, page, log_in):
    scene = make_scene(now=datetime.now(UTC))
    log_in(page, scene.world.operator_user)
    page.goto(f"{live_server.url}/rollouts/{scene.suspended.pk}/")
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Batches").focus()

    with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('portal:changed'))")

    page.wait_for_function("document.activeElement.getAttribute('href') === '#batches'")
